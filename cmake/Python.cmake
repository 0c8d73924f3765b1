# Tests of the Python package.
find_program(SWAPC_PYTHON python3)
set(SWAPC_PYTHON_MISSING "no python3 on the PATH")
if(SWAPC_PYTHON)
    execute_process(COMMAND "${SWAPC_PYTHON}" -c "import sys; sys.exit(sys.version_info < (3, 9))"
                    RESULT_VARIABLE old)
    set(SWAPC_PYTHON_MISSING "")
    if(old)
        set(SWAPC_PYTHON_MISSING "${SWAPC_PYTHON} is older than 3.9")
    endif()
endif()

# A library with sanitizers needs their runtimes loaded before everything else; clang's are archives, and
# Python has more threads' secrets than TSan knows.
set(SWAPC_PYTHON_PRELOAD "")
if(SWAPC_SANITIZE MATCHES "thread" OR (SWAPC_SANITIZE AND NOT CMAKE_C_COMPILER_ID STREQUAL "GNU"))
    set(SWAPC_PYTHON_MISSING "not with ${CMAKE_C_COMPILER_ID}'s sanitizers ${SWAPC_SANITIZE}")
elseif(SWAPC_SANITIZE)
    foreach(runtime IN ITEMS asan ubsan)
        execute_process(COMMAND ${CMAKE_C_COMPILER} -print-file-name=lib${runtime}.so
                        OUTPUT_VARIABLE file OUTPUT_STRIP_TRAILING_WHITESPACE)
        list(APPEND SWAPC_PYTHON_PRELOAD "${file}")
    endforeach()
    list(JOIN SWAPC_PYTHON_PRELOAD " " SWAPC_PYTHON_PRELOAD)
endif()

# swapc_python_test(CASE ARGUMENT…): python3 ARGUMENT… in the folder tests, as a CTest; without python3 one that
# is skipped and says why.
function(swapc_python_test case)
    swapc_dotted_folder(folder)
    set(name ${SWAPC_TEST_PREFIX}swapc.${folder}.${case})
    if(SWAPC_PYTHON_MISSING)
        add_test(NAME ${name} COMMAND sh -c "echo 'skipped: ${SWAPC_PYTHON_MISSING}'; exit 77")
    else()
        add_test(NAME ${name} COMMAND "${SWAPC_PYTHON}" -B ${ARGN}
                 WORKING_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}/tests")
    endif()
    swapc_test_properties(${name} system)
    set_property(TEST ${name} APPEND PROPERTY ENVIRONMENT
        "PYTHONPATH=${CMAKE_CURRENT_SOURCE_DIR}/src" "PYTHONDONTWRITEBYTECODE=1"
        "SWAPC_LIBRARY=$<TARGET_FILE:swapc_shared>" "SWAPC_MODULES=${PROJECT_BINARY_DIR}/share/swapc/modules"
        "SWAPC_BUILD_DIR=${PROJECT_BINARY_DIR}" "SWAPC_INCLUDE=${PROJECT_SOURCE_DIR}/include"
        "CC=${CMAKE_C_COMPILER}")
    if(SWAPC_PYTHON_PRELOAD) # Python itself keeps memory to its end
        set_property(TEST ${name} APPEND PROPERTY ENVIRONMENT "LD_PRELOAD=${SWAPC_PYTHON_PRELOAD}"
            "ASAN_OPTIONS=abort_on_error=1:detect_leaks=0")
    endif()
    set_tests_properties(${name} PROPERTIES SKIP_RETURN_CODE 77)
endfunction()
