# Compiles through ccache where it is installed and nobody chose another launcher.
if(NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(HOB_CCACHE ccache)
  mark_as_advanced(HOB_CCACHE)
  if(HOB_CCACHE)
    # Precompiled headers are only cached when ccache may overlook their time stamps and defines.
    set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros "${HOB_CCACHE}")
  endif()
endif()
