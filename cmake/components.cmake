# hob::tls and hob::http: layers that are libraries of their own, because they need other libraries.
# Each is built when what it needs is installed (`tools/setup.sh` sees to that); ON makes a missing
# one an error. HOB_COMPONENTS lists what is built.
set(HOB_TLS AUTO CACHE STRING "Build hob::tls, which needs OpenSSL 3 (AUTO, ON, OFF)")
set(HOB_HTTP AUTO CACHE STRING
  "Build hob::http, which needs Boost 1.81 and others; see tools/setup.sh (AUTO, ON, OFF)")
set(HOB_COMPONENTS "")

# hob_component(NAME LIBRARIES...): the library hob_NAME from the lists in sources.cmake.
function(hob_component name)
  string(TOUPPER ${name} upper)
  add_library(hob_${name} ${HOB_${upper}_SOURCES})
  add_library(hob::${name} ALIAS hob_${name})
  target_sources(hob_${name}
    PUBLIC FILE_SET HEADERS BASE_DIRS include FILES ${HOB_${upper}_PUBLIC_HEADERS})
  target_include_directories(hob_${name} PRIVATE src)
  target_link_libraries(hob_${name} PUBLIC ${ARGN})
  set_target_properties(hob_${name} PROPERTIES
    EXPORT_NAME ${name}
    VERSION ${PROJECT_VERSION}
    SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
  set(HOB_COMPONENTS ${HOB_COMPONENTS} ${name} PARENT_SCOPE)
endfunction()

# Whether component `name` can be built: wanted, and nothing of `missing` (a list of names).
function(hob_component_wanted result name missing)
  string(TOUPPER ${name} upper)
  set(${result} OFF PARENT_SCOPE)
  if(HOB_${upper} STREQUAL "OFF" OR NOT HOB_${upper}_SOURCES)
    return()
  endif()
  if(NOT missing)
    set(${result} ON PARENT_SCOPE)
  elseif(HOB_${upper} STREQUAL "AUTO")
    message(STATUS "hob::${name}: left out, not installed: ${missing}")
  else()
    message(FATAL_ERROR "hob::${name} needs: ${missing} (`make setup` installs it)")
  endif()
endfunction()

set(missing "")
find_package(OpenSSL 3 QUIET)
if(NOT OpenSSL_FOUND)
  list(APPEND missing "OpenSSL 3")
endif()
hob_component_wanted(wanted tls "${missing}")
if(wanted)
  hob_component(tls hob::hob)
  target_link_libraries(hob_tls PRIVATE OpenSSL::SSL OpenSSL::Crypto)
endif()

# hob::http: the parsers are Boost's, header only and private; nlohmann/json is in the interface.
set(missing "")
if(HOB_TLS_SOURCES AND NOT TARGET hob::tls)
  list(APPEND missing "hob::tls")
endif()
foreach(header IN ITEMS boost/beast/http/basic_parser.hpp boost/url.hpp nlohmann/json.hpp
    brotli/decode.h zstd.h zlib.h libpsl.h idn2.h)
  string(MAKE_C_IDENTIFIER "HOB_INCLUDE_${header}" variable)
  find_path(${variable} ${header})
  mark_as_advanced(${variable})
  if(NOT ${variable})
    list(APPEND missing ${header})
  endif()
endforeach()
hob_component_wanted(wanted http "${missing}")
if(wanted)
  hob_component(http hob::hob $<TARGET_NAME_IF_EXISTS:hob::tls>)
  target_link_libraries(hob_http
    PRIVATE OpenSSL::Crypto z brotlidec brotlienc brotlicommon zstd psl idn2)
endif()

# The libraries that a program needs, by what it includes; empty when one of them is not built.
function(hob_components_of result source)
  set(libraries hob::hob)
  foreach(name IN ITEMS tls http)
    file(STRINGS "${source}" found REGEX "#include <hob/${name}[./]")
    if(found)
      if(NOT TARGET hob::${name})
        set(${result} "" PARENT_SCOPE)
        return()
      endif()
      list(APPEND libraries hob::${name})
    endif()
  endforeach()
  set(${result} ${libraries} PARENT_SCOPE)
endfunction()
