# The driver `uring`: a part of hob that needs liburing. Without it the driver says so at run time,
# and loops fall back to epoll.
set(HOB_URING AUTO CACHE STRING "Build the io_uring driver, which needs liburing (AUTO, ON, OFF)")
find_path(HOB_LIBURING_INCLUDE liburing.h)
find_library(HOB_LIBURING_LIBRARY uring)
mark_as_advanced(HOB_LIBURING_INCLUDE HOB_LIBURING_LIBRARY)
set(HOB_HAS_LIBURING OFF)
if(NOT HOB_URING STREQUAL "OFF" AND HOB_LIBURING_INCLUDE AND HOB_LIBURING_LIBRARY)
  # 2.3 has provided buffers and io_uring_enter2.
  include(CheckCXXSourceCompiles)
  set(CMAKE_REQUIRED_INCLUDES "${HOB_LIBURING_INCLUDE}")
  set(CMAKE_REQUIRED_LIBRARIES "${HOB_LIBURING_LIBRARY}")
  check_cxx_source_compiles("#include <liburing.h>
    int main() { return io_uring_enter2(0, 0, 0, 0, nullptr, 0) + io_uring_buf_ring_mask(1); }"
    HOB_LIBURING_IS_NEW)
  unset(CMAKE_REQUIRED_INCLUDES)
  unset(CMAKE_REQUIRED_LIBRARIES)
  set(HOB_HAS_LIBURING ${HOB_LIBURING_IS_NEW})
endif()
if(HOB_HAS_LIBURING)
  target_compile_definitions(hob PRIVATE HOB_HAS_LIBURING=1)
  target_include_directories(hob SYSTEM PRIVATE "${HOB_LIBURING_INCLUDE}")
  target_link_libraries(hob PRIVATE uring)
elseif(HOB_URING STREQUAL "ON")
  message(FATAL_ERROR "the io_uring driver needs liburing 2.3 (`make setup` installs it)")
elseif(NOT HOB_URING STREQUAL "OFF")
  message(STATUS "io_uring: left out, liburing 2.3 is not installed")
endif()
