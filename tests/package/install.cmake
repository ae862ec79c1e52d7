# Installs BUILD into STAGE, then moves the tree to MOVED.
file(REMOVE_RECURSE "${STAGE}" "${MOVED}")
execute_process(COMMAND ${CMAKE_COMMAND} --install "${BUILD}" --prefix "${STAGE}"
  OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
file(RENAME "${STAGE}" "${MOVED}")
