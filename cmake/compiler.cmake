# compiler.cmake - one set of flags for everything: warnings, hardening, sanitizers.
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()
set(CMAKE_C_FLAGS_RELEASE "-O2 -g")
set(CMAKE_C_FLAGS_DEBUG "-Og -g")
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
include(CheckPIESupported)
check_pie_supported(LANGUAGES C)

add_compile_definitions(_GNU_SOURCE TILL_VERSION="${PROJECT_VERSION}")
add_compile_options(
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wcast-qual -Wcast-align
  -Wpointer-arith -Wwrite-strings -Wstrict-prototypes -Wmissing-prototypes -Wmissing-declarations
  -Wold-style-definition -Wredundant-decls -Wundef -Wvla -Walloca -Wformat=2 -Wdouble-promotion
  -Wfloat-equal -Wimplicit-fallthrough -Wswitch-enum -Wnull-dereference -fno-common
  -ffile-prefix-map=${PROJECT_SOURCE_DIR}/=)
if(CMAKE_C_COMPILER_ID STREQUAL GNU)
  add_compile_options(-Wlogical-op -Wduplicated-cond -Wduplicated-branches -Wjump-misses-init)
endif()
if(TILL_WERROR)
  add_compile_options(-Werror)
endif()
if(TILL_FAULTS)
  add_compile_definitions(TILL_FAULTS)
endif()

if(TILL_SANITIZE)
  add_compile_options(-fsanitize=${TILL_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${TILL_SANITIZE})
  # Every program carries the sanitizers' settings in itself, however it is started.
  add_library(sanitizer_options OBJECT ${PROJECT_SOURCE_DIR}/cmake/sanitizer_options.c)
  link_libraries(
    $<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:$<TARGET_OBJECTS:sanitizer_options>>)
else()
  add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    add_compile_options(-fcf-protection=full)
  endif()
  add_link_options(-Wl,-z,relro,-z,now,--as-needed)
endif()
if(TILL_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
