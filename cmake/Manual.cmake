# Manual pages by scdoc (left out where that is not there), completions, and what holds both against the
# program's tables.
include(GNUInstallDirs)
find_program(SWAPC_SCDOC scdoc)
find_program(SWAPC_PYTHON python3)

# swapc_manual_pages(FILE.1.scd …): ${build}/share/man/man1/FILE.1, and their installation.
function(swapc_manual_pages)
    if(NOT SWAPC_SCDOC)
        message(STATUS "scdoc is not there: the manual pages are left out")
        return()
    endif()
    set(made)
    foreach(page IN LISTS ARGN)
        cmake_path(GET page STEM LAST_ONLY name)
        string(REGEX MATCH "[0-9]$" section "${name}")
        set(folder "${PROJECT_BINARY_DIR}/share/man/man${section}")
        file(MAKE_DIRECTORY "${folder}")
        add_custom_command(OUTPUT "${folder}/${name}"
            COMMAND "${SWAPC_SCDOC}" < "${page}" > "${folder}/${name}"
            DEPENDS "${page}" COMMENT "manual page ${name}" VERBATIM)
        list(APPEND made "${folder}/${name}")
        install(FILES "${folder}/${name}" DESTINATION "${CMAKE_INSTALL_MANDIR}/man${section}"
                COMPONENT runtime)
    endforeach()
    add_custom_target(swapc_man ALL DEPENDS ${made})
endfunction()

# swapc_completions(FOLDER FILE=PLACE …): installs the folder's files under share.
function(swapc_completions folder)
    foreach(pair IN LISTS ARGN)
        string(REGEX MATCH "^([^=]+)=(.+)/([^/]+)$" pair "${pair}")
        install(FILES "${folder}/${CMAKE_MATCH_1}" RENAME "${CMAKE_MATCH_3}" COMPONENT runtime
                DESTINATION "${CMAKE_INSTALL_DATADIR}/${CMAKE_MATCH_2}")
    endforeach()
endfunction()

# swapc_tables(SCRIPT): the target tables, which writes, and the test swapc.docs.man.tables, which compares.
function(swapc_tables script)
    if(NOT SWAPC_PYTHON)
        return()
    endif()
    set(update "${SWAPC_PYTHON}" "${CMAKE_CURRENT_SOURCE_DIR}/${script}" $<TARGET_FILE:swapc_cli>)
    add_custom_target(tables COMMAND ${update} DEPENDS swapc_cli VERBATIM)
    swapc_tests_wanted(wanted)
    if(wanted)
        add_test(NAME ${SWAPC_TEST_PREFIX}swapc.docs.man.tables COMMAND ${update} --check)
        swapc_test_properties(${SWAPC_TEST_PREFIX}swapc.docs.man.tables unit)
    endif()
endfunction()
