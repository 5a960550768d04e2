# tests.cmake - how tests are declared.
#
#   unit_test(ROOM FILE_test.c ...)      one cmocka program for each file of tests/unit/ROOM, which may include what its room may include
#   python_test(TIER test_FILE.py ...)   one black-box test in Python: told the programs of this build by TILL_BIN, TILL_SIM, TILL_BUILD
#
# Both builds of `./dev test` run the same tests, but for the few that say ONCE or SANITIZED: those of a sanitizer build have its name in front
# (sanitize/unit/base/error_test), and the release build's CTest takes them in when they exist, so that one run and one closing line cover both.
if(BUILD_TESTING)
  find_package(PkgConfig REQUIRED)
  pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)
endif()
# The system's own Python first: a version manager's shim takes longer to start than most tests take to run.
find_program(TILL_PYTHON python3 PATHS /usr/bin NO_DEFAULT_PATH)
find_program(TILL_PYTHON python3)
set(Python3_EXECUTABLE ${TILL_PYTHON} CACHE FILEPATH "for find_package(Python3)")
option(TILL_VALGRIND "run unit tests a second time under valgrind (label valgrind)" OFF)
if(TILL_VALGRIND)
  find_program(TILL_VALGRIND_PROGRAM valgrind REQUIRED)
endif()

set(TILL_TEST_PREFIX "")
if(TILL_SANITIZE)
  cmake_path(GET PROJECT_BINARY_DIR FILENAME TILL_TEST_PREFIX)
  string(APPEND TILL_TEST_PREFIX "/")
endif()
file(WRITE ${PROJECT_BINARY_DIR}/other-builds.cmake "if(EXISTS \"${PROJECT_BINARY_DIR}/sanitize/CTestTestfile.cmake\")
  subdirs(\"${PROJECT_BINARY_DIR}/sanitize\")
endif()
")
set_property(DIRECTORY ${PROJECT_SOURCE_DIR} APPEND PROPERTY TEST_INCLUDE_FILES
  ${PROJECT_BINARY_DIR}/other-builds.cmake)

# Minutes long: begun first, so that no processor waits for the last of them.
set(TILL_LONG_TESTS fault/test_commands property/test_in_step_laws page/test_page contract/test_in_step contract/test_traffic_posthog
  crash/test_kill unit/store/fault_test contract/test_faults contract/test_rate contract/test_rate_shared contract/test_webhooks
  contract/test_traffic_plausible_umami contract/test_watch contract/test_serve_hostile property/test_sync_laws contract/test_api)
function(begin_early test name)
  if(name IN_LIST TILL_LONG_TESTS)
    set_tests_properties(${test} PROPERTIES COST 1000)
  endif()
endfunction()

# unit_test(ROOM SOURCE [ROOMS extra rooms] [LIBRARIES more] [TIMEOUT seconds] [NO_VALGRIND])
function(unit_test room source)
  cmake_parse_arguments(T "NO_VALGRIND" "TIMEOUT" "ROOMS;LIBRARIES" ${ARGN})
  if(NOT T_TIMEOUT)
    set(T_TIMEOUT 120)
  endif()
  cmake_path(GET source STEM stem)
  set(name ${room}_${stem})
  set(rooms ${room} ${TILL_LAW_${room}} ${T_ROOMS})
  list(REMOVE_DUPLICATES rooms)
  rooms_include_root(test_${name} ${rooms})
  add_executable(${name} ${source})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/unit)
  target_include_directories(${name} PRIVATE ${PROJECT_BINARY_DIR}/rooms/test_${name})
  target_link_libraries(${name} PRIVATE ${rooms} ${T_LIBRARIES} PkgConfig::CMOCKA)
  set(test ${TILL_TEST_PREFIX}unit/${room}/${stem})
  add_test(NAME ${test} COMMAND ${name} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(${test} PROPERTIES TIMEOUT ${T_TIMEOUT} LABELS unit)
  begin_early(${test} unit/${room}/${stem})
  if(TILL_VALGRIND AND NOT T_NO_VALGRIND)
    math(EXPR slow "${T_TIMEOUT} * 10")
    add_test(NAME valgrind/${room}/${stem} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
      COMMAND ${TILL_VALGRIND_PROGRAM} --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite
              --suppressions=${PROJECT_SOURCE_DIR}/cmake/valgrind.supp $<TARGET_FILE:${name}>)
    set_tests_properties(valgrind/${room}/${stem} PROPERTIES TIMEOUT ${slow} LABELS valgrind)
  endif()
endfunction()

# python_test(TIER SOURCE [TIMEOUT seconds] [LABEL more] [ONCE|SANITIZED]): ONCE keeps it out of sanitizer builds, SANITIZED out of all others.
function(python_test tier source)
  cmake_parse_arguments(T "ONCE;SANITIZED" "TIMEOUT;LABEL" "" ${ARGN})
  if((T_ONCE AND TILL_SANITIZE) OR (T_SANITIZED AND NOT TILL_SANITIZE))
    return()
  endif()
  if(NOT T_TIMEOUT)
    set(T_TIMEOUT 300)
  endif()
  cmake_path(GET source STEM stem)
  set(test ${TILL_TEST_PREFIX}${tier}/${stem})
  add_test(NAME ${test} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
    COMMAND ${TILL_PYTHON} -B ${CMAKE_CURRENT_SOURCE_DIR}/${source})
  set_tests_properties(${test} PROPERTIES TIMEOUT ${T_TIMEOUT} LABELS "${tier};${T_LABEL}" ENVIRONMENT
    "TILL_BIN=${PROJECT_BINARY_DIR}/till;TILL_SIM=${PROJECT_BINARY_DIR}/till-sim;TILL_BUILD=${PROJECT_BINARY_DIR};PYTHONPATH=${PROJECT_SOURCE_DIR}/tests/lib")
  begin_early(${test} ${tier}/${stem})
endfunction()
