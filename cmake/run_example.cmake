# Runs COMMAND (a list) with INPUT (a file, optional) on stdin and fails unless its standard output
# is exactly the file EXPECTED and it exits with 0. Shows the difference.
if(NOT INPUT)
  set(INPUT /dev/null)
endif()
execute_process(COMMAND ${COMMAND} INPUT_FILE "${INPUT}" OUTPUT_FILE "${ACTUAL}"
  RESULT_VARIABLE result)
execute_process(COMMAND ${CMAKE_COMMAND} -E compare_files "${EXPECTED}" "${ACTUAL}"
  RESULT_VARIABLE differs OUTPUT_QUIET ERROR_QUIET)
if(differs)
  execute_process(COMMAND diff -u "${EXPECTED}" "${ACTUAL}")
  message(FATAL_ERROR "output is not ${EXPECTED}")
endif()
if(NOT result EQUAL 0)
  message(FATAL_ERROR "ended with ${result}")
endif()
