# install.cmake - what is installed beside the programs: systemd's user units, with the program's own path in them.
set(TILL_UNIT_FOLDER lib/systemd/user CACHE STRING "where systemd's user units go, below the prefix")
set(TILL_PROGRAM ${CMAKE_INSTALL_FULL_BINDIR}/till)
foreach(unit till-serve.service till-watch.service till-sync.service)
  configure_file(${PROJECT_SOURCE_DIR}/systemd/${unit}.in ${PROJECT_BINARY_DIR}/systemd/${unit} @ONLY)
endforeach()
configure_file(${PROJECT_SOURCE_DIR}/systemd/till-sync.timer ${PROJECT_BINARY_DIR}/systemd/till-sync.timer COPYONLY)
install(DIRECTORY ${PROJECT_BINARY_DIR}/systemd/ DESTINATION ${TILL_UNIT_FOLDER})
