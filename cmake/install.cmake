# What `cmake --install` puts down: the library, exactly the public header list, the CMake package
# and hob.pc. Both packages find everything relative to themselves, so the tree may be moved.
include(CMakePackageConfigHelpers)

set(HOB_CMAKE_DIR "${CMAKE_INSTALL_LIBDIR}/cmake/hob")
install(TARGETS hob EXPORT hob-targets
  LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT runtime NAMELINK_COMPONENT dev
  ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT dev
  FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT dev)
foreach(name IN LISTS HOB_COMPONENTS)
  install(TARGETS hob_${name} EXPORT hob-targets
    LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT runtime NAMELINK_COMPONENT dev
    ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT dev
    FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT dev)
endforeach()
install(EXPORT hob-targets NAMESPACE hob:: DESTINATION "${HOB_CMAKE_DIR}" COMPONENT dev)

configure_package_config_file(cmake/hob-config.cmake.in "${PROJECT_BINARY_DIR}/hob-config.cmake"
  INSTALL_DESTINATION "${HOB_CMAKE_DIR}" NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/hob-config-version.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/hob-config.cmake"
              "${PROJECT_BINARY_DIR}/hob-config-version.cmake"
  DESTINATION "${HOB_CMAKE_DIR}" COMPONENT dev)

# pkg-config knows where hob.pc lies; the prefix is as many levels up as the libdir is deep
# (lib/pkgconfig: two, lib/x86_64-linux-gnu/pkgconfig: three).
if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}" OR IS_ABSOLUTE "${CMAKE_INSTALL_INCLUDEDIR}")
  message(STATUS "hob.pc: not installed, it needs relative library and include directories")
else()
  file(RELATIVE_PATH HOB_PC_TO_PREFIX "/p/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/p")
  string(REGEX REPLACE "/$" "" HOB_PC_TO_PREFIX "${HOB_PC_TO_PREFIX}")
  set(HOB_PC_CFLAGS "-I\${includedir} -pthread")
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    string(APPEND HOB_PC_CFLAGS " -foptimize-sibling-calls")
  endif()
  # A static library leaves what it needs to whoever links it.
  set(HOB_PC_LIBS "")
  if(HOB_HAS_LIBURING AND NOT BUILD_SHARED_LIBS)
    set(HOB_PC_LIBS " -luring")
  endif()
  configure_file(cmake/hob.pc.in "${PROJECT_BINARY_DIR}/hob.pc" @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/hob.pc"
    DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig" COMPONENT dev)
endif()
