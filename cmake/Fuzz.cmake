# swapc_fuzz_target(NAME record LINK pipeline … [SOURCES …]): fuzz/record.c, which defines
# LLVMFuzzerTestOneInput (fuzz.h).
#
# In the preset fuzz it becomes bin/fuzz_record, a libFuzzer program that `./dev fuzz record` runs; in the
# other presets a program that replays fuzz/corpus/record as the CTest swapc.fuzz.record.corpus.
# SOURCES are further files, those of programs, which no library has.
option(SWAPC_FUZZ "Build fuzz targets: needs clang and its libFuzzer" OFF)

if(SWAPC_FUZZ)
    # Coverage counters in all code of ours; the sanitizers are SWAPC_SANITIZE.
    add_compile_options(-fsanitize=fuzzer-no-link)
    add_custom_target(swapc_fuzz_targets)
endif()

function(swapc_fuzz_target)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME" "LINK;SOURCES")
    swapc_tests_wanted(wanted)
    if(NOT wanted)
        return()
    endif()
    swapc_link_names(link fuzz_main ${arg_LINK})
    set(target swapc_fuzz_${arg_NAME})
    add_executable(${target} ${arg_NAME}.c ${arg_SOURCES})
    swapc_target_flags(${target})
    target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/include")
    target_link_libraries(${target} PRIVATE ${link})
    if(SWAPC_FUZZ)
        set_target_properties(${target} PROPERTIES OUTPUT_NAME fuzz_${arg_NAME})
        target_link_options(${target} PRIVATE -fsanitize=fuzzer)
        add_dependencies(swapc_fuzz_targets ${target})
        return()
    endif()
    set_target_properties(${target} PROPERTIES
        OUTPUT_NAME fuzz_${arg_NAME} RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/test")
    add_dependencies(swapc_tests ${target})
    set(name ${SWAPC_TEST_PREFIX}swapc.fuzz.${arg_NAME}.corpus)
    add_test(NAME ${name} COMMAND ${SWAPC_TEST_LAUNCHER} $<TARGET_FILE:${target}>
        "${PROJECT_SOURCE_DIR}/fuzz/corpus/${arg_NAME}")
    swapc_test_properties(${name} unit)
endfunction()
