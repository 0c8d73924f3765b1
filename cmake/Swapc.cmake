# What leaf folders declare with: swapc_library, swapc_program, swapc_tests.
#
# A library exports its own folder with -iquote to whoever links it, so that the link targets are the
# dependency law: a header of a room that is not linked is not found.

set(SWAPC_SANITIZE "" CACHE STRING "Sanitizers, as for -fsanitize= (empty: none)")
option(SWAPC_WERROR "Warnings are errors" OFF)
option(SWAPC_COVERAGE "Count the lines that run, by gcc: ./dev coverage" OFF)
set(SWAPC_TEST_PREFIX "" CACHE STRING "Put before every test's name")
set(SWAPC_TEST_ROOMS "" CACHE STRING "Folders whose tests, and those below, are built and run (empty: all)")

if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()
set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_C_FLAGS_DEBUG "-O1 -g -fno-omit-frame-pointer")
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
if(SWAPC_COVERAGE)
    add_compile_options(--coverage -fprofile-update=atomic)
    add_link_options(--coverage)
endif()
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")

# gcc 12's thread sanitizer does not start where the kernel randomizes addresses by more than 28 bits.
set(SWAPC_TEST_LAUNCHER)
if(SWAPC_SANITIZE MATCHES "thread")
    execute_process(COMMAND setarch -R true RESULT_VARIABLE refused OUTPUT_QUIET ERROR_QUIET)
    if(NOT refused)
        set(SWAPC_TEST_LAUNCHER setarch -R)
    endif()
endif()

add_custom_target(swapc_tests) # every test executable of this build

# Warnings, sanitizers and hardening of our own code; third-party code is built apart, without them.
function(swapc_target_flags target)
    target_compile_definitions(${target} PRIVATE _GNU_SOURCE
        $<$<NOT:$<CONFIG:Debug>>:_FORTIFY_SOURCE=2>)
    target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes
        -Wmissing-prototypes -Wold-style-definition -Wpointer-arith -Wwrite-strings -Wundef -Wvla
        -Wformat=2 -Wimplicit-fallthrough -fstack-protector-strong
        "-ffile-prefix-map=${PROJECT_SOURCE_DIR}/=")
    if(SWAPC_WERROR)
        target_compile_options(${target} PRIVATE -Werror)
    endif()
    if(SWAPC_SANITIZE)
        target_compile_options(${target} PRIVATE -fsanitize=${SWAPC_SANITIZE}
            -fno-sanitize-recover=all)
        target_link_options(${target} PRIVATE -fsanitize=${SWAPC_SANITIZE})
    endif()
    target_link_options(${target} PRIVATE -Wl,-z,relro,-z,now)
endfunction()

# `ring` means swapc_ring; anything with `::`, a swapc_ prefix or a leading dash is taken as it is, and
# so are the parts of the C library.
function(swapc_link_names out)
    set(names)
    foreach(name IN LISTS ARGN)
        if(name MATCHES "::|^swapc_|^-|^(dl|m|pthread|rt)$")
            list(APPEND names ${name})
        else()
            list(APPEND names swapc_${name})
        endif()
    endforeach()
    set(${out} ${names} PARENT_SCOPE)
endfunction()

# swapc_library(NAME ring SOURCES … [LINK base …] [PRIVATE_LINK PkgConfig::UV …]
#               [TESTS ring_test.c …] [TEST_LINK …])
# Users of the library see the headers of LINK, and never those of PRIVATE_LINK.
function(swapc_library)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME" "SOURCES;LINK;PRIVATE_LINK;TESTS;TEST_LINK")
    set(target swapc_${arg_NAME})
    swapc_link_names(link ${arg_LINK})
    swapc_link_names(private ${arg_PRIVATE_LINK})
    add_library(${target} STATIC ${arg_SOURCES})
    swapc_target_flags(${target})
    target_compile_definitions(${target} PRIVATE SWAPC_BUILDING) # see swapc/attributes.h
    target_include_directories(${target} PUBLIC "${PROJECT_SOURCE_DIR}/include")
    target_compile_options(${target} INTERFACE "-iquote${CMAKE_CURRENT_SOURCE_DIR}")
    target_link_libraries(${target} PUBLIC ${link} PRIVATE ${private})
    if(arg_TESTS)
        swapc_tests(FILES ${arg_TESTS} LINK ${target} ${arg_PRIVATE_LINK} ${arg_TEST_LINK})
    endif()
endfunction()

# swapc_program(NAME cli OUTPUT swapc SOURCES … LINK …): the executable ${build}/bin/<OUTPUT>.
function(swapc_program)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME;OUTPUT" "SOURCES;LINK")
    swapc_link_names(link ${arg_LINK})
    add_executable(swapc_${arg_NAME} ${arg_SOURCES})
    swapc_target_flags(swapc_${arg_NAME})
    set_target_properties(swapc_${arg_NAME} PROPERTIES OUTPUT_NAME ${arg_OUTPUT})
    target_include_directories(swapc_${arg_NAME} PRIVATE "${PROJECT_SOURCE_DIR}/include")
    target_link_libraries(swapc_${arg_NAME} PRIVATE ${link})
endfunction()

# A folder as it stands in a test's name: src/engines/wasm3 is engines.wasm3, tests is tests.
function(swapc_dotted_folder out)
    cmake_path(RELATIVE_PATH CMAKE_CURRENT_SOURCE_DIR BASE_DIRECTORY "${PROJECT_SOURCE_DIR}"
               OUTPUT_VARIABLE folder)
    string(REGEX REPLACE "^src/" "" folder "${folder}")
    string(REPLACE "/" "." folder "${folder}")
    set(${out} ${folder} PARENT_SCOPE)
endfunction()

# Sets ${out} to 1 when this build runs the tests of the current folder.
function(swapc_tests_wanted out)
    set(wanted ${BUILD_TESTING})
    if(wanted AND SWAPC_TEST_ROOMS)
        cmake_path(RELATIVE_PATH CMAKE_CURRENT_SOURCE_DIR BASE_DIRECTORY "${PROJECT_SOURCE_DIR}"
                   OUTPUT_VARIABLE folder)
        set(wanted 0)
        foreach(room IN LISTS SWAPC_TEST_ROOMS)
            cmake_path(IS_PREFIX room "${folder}" inside)
            if(inside)
                set(wanted 1)
            endif()
        endforeach()
    endif()
    set(${out} ${wanted} PARENT_SCOPE)
endfunction()

# Label, time limit, sanitizer options and a cache of its own, not the user's, of a test registered by
# add_test. The limit is more than ten times what the longest takes in ./dev test: one that hangs is to be told of while
# the others still run.
function(swapc_test_properties name label)
    set(file "${PROJECT_SOURCE_DIR}/cmake/suppressions")
    set_tests_properties(${name} PROPERTIES LABELS ${label} TIMEOUT 300 ENVIRONMENT
        "SWAPC_CACHE=${PROJECT_BINARY_DIR}/cache;ASAN_OPTIONS=abort_on_error=1:detect_stack_use_after_return=1;LSAN_OPTIONS=suppressions=${file}/lsan.txt:print_suppressions=0;UBSAN_OPTIONS=print_stacktrace=1;TSAN_OPTIONS=suppressions=${file}/tsan.txt:second_deadlock_stack=1:halt_on_error=1")
endfunction()

# swapc_tests(FILES slot_test.c … [LINK …] [LABEL unit]): one executable a file, one CTest a cmocka
# case, found by its cmocka_unit_test…(NAME) when the build is configured.
function(swapc_tests)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "LABEL" "FILES;LINK")
    swapc_tests_wanted(wanted)
    if(NOT wanted)
        return()
    endif()
    if(NOT arg_LABEL)
        set(arg_LABEL unit)
    endif()
    swapc_link_names(link testing_main ${arg_LINK})
    swapc_dotted_folder(folder)
    foreach(file IN LISTS arg_FILES)
        cmake_path(GET file STEM stem)
        string(REPLACE "." "_" target "swapc_test_${folder}_${stem}")
        string(REGEX REPLACE "_test$" "" stem "${stem}")
        add_executable(${target} ${file})
        add_dependencies(swapc_tests ${target})
        swapc_target_flags(${target})
        set_target_properties(${target} PROPERTIES
            RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/test")
        target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/include")
        target_link_libraries(${target} PRIVATE ${link})
        set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
        file(READ ${file} text)
        string(REGEX MATCHALL "cmocka_unit_test[a-z_]*\\([ \t\r\n]*[A-Za-z0-9_]+" cases "${text}")
        list(REMOVE_DUPLICATES cases)
        foreach(case IN LISTS cases)
            string(REGEX REPLACE "^.*[^A-Za-z0-9_]" "" case "${case}")
            set(name ${SWAPC_TEST_PREFIX}swapc.${folder}.${stem}.${case})
            add_test(NAME ${name} COMMAND ${SWAPC_TEST_LAUNCHER} $<TARGET_FILE:${target}> ${case})
            swapc_test_properties(${name} ${arg_LABEL})
        endforeach()
    endforeach()
endfunction()
