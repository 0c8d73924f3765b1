# CMake toolchain file: WebAssembly by clang (20 or later) and its lld.
# Another clang: -DGUEST_CLANG=/path/to/clang
set(GUEST_LIBC @LIBC@) # ON: with the C library wasi-libc
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR wasm32)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES GUEST_CLANG GUEST_CLANG_WORKS GUEST_TARGET)
set(get "On Debian and Ubuntu: apt-get install clang-22 lld-22 (or the newest there is from 20 on). "
    "Elsewhere: the packages clang and lld, from 20 on. Then, in a new build folder, name it if it is "
    "not found: -DGUEST_CLANG=/path/to/clang")
string(CONCAT get ${get})
if(GUEST_LIBC)
    set(get "${get} The C library, on Debian and Ubuntu: apt-get install wasi-libc libclang-rt-22-dev-wasm32 "
        "(the number is clang's). Elsewhere: the packages wasi-libc and the compiler-rt of wasm32, or the "
        "wasi-sdk, which has all of it: -DGUEST_CLANG=/opt/wasi-sdk/bin/clang")
    string(CONCAT get ${get})
endif()
find_program(GUEST_CLANG NAMES clang-24 clang-23 clang-22 clang-21 clang-20 clang)
if(NOT GUEST_CLANG)
    message(FATAL_ERROR "No clang is here, and gcc cannot build WebAssembly. ${get}")
endif()

# Tried once, before CMake tries it in its own words.
function(guest_try what result)
    execute_process(COMMAND ${ARGN} RESULT_VARIABLE failed OUTPUT_VARIABLE said ERROR_VARIABLE said)
    if(NOT failed STREQUAL "0")
        message(FATAL_ERROR "${GUEST_CLANG} ${what} ${get}\n\nIt said: ${failed} ${said}")
    endif()
    set(${result} "${said}" PARENT_SCOPE)
endfunction()
if(NOT GUEST_CLANG_WORKS STREQUAL GUEST_CLANG)
    set(probe "${CMAKE_BINARY_DIR}/CMakeFiles/guest_probe")
    set(GUEST_TARGET wasm32-unknown-unknown CACHE INTERNAL "what it builds for")
    set(wasm --target=wasm32-unknown-unknown)
    file(WRITE "${probe}.c" "int answer(void) { return 42; }\n")
    guest_try("does not run." version "${GUEST_CLANG}" --version)
    if(NOT version MATCHES "clang version")
        message(FATAL_ERROR "${GUEST_CLANG} is no clang, and other compilers cannot build the module. ${get}")
    endif()
    guest_try("has no WebAssembly target." said
        "${GUEST_CLANG}" ${wasm} -c -o "${probe}.o" "${probe}.c")
    guest_try("is too old: it knows no wide arithmetic." said
        "${GUEST_CLANG}" ${wasm} -mwide-arithmetic -c -o "${probe}.o" "${probe}.c")
    guest_try("has no linker for WebAssembly, wasm-ld of the package lld." said
        "${GUEST_CLANG}" ${wasm} -nostdlib -Wl,--no-entry -o "${probe}.wasm" "${probe}.o")
    if(GUEST_LIBC)
        file(WRITE "${probe}_libc.c" "#include <stdlib.h>\nvoid *answer(size_t n) { return malloc(n); }\n")
        foreach(target IN ITEMS wasm32-wasip1 wasm32-wasi) # the new name and the old one
            execute_process(COMMAND "${GUEST_CLANG}" --target=${target} -mexec-model=reactor -Wno-deprecated
                    --no-wasm-opt -Wl,--export=answer -o "${probe}_libc.wasm" "${probe}_libc.c"
                RESULT_VARIABLE failed OUTPUT_VARIABLE said ERROR_VARIABLE said)
            if(failed STREQUAL "0")
                set(GUEST_TARGET ${target} CACHE INTERNAL "what it builds for")
                break()
            endif()
        endforeach()
        if(NOT failed STREQUAL "0")
            message(FATAL_ERROR "${GUEST_CLANG} has no C library for WebAssembly. ${get}\n\nIt said: ${said}")
        endif()
    endif()
    set(GUEST_CLANG_WORKS "${GUEST_CLANG}" CACHE INTERNAL "the clang that was tried")
endif()
set(CMAKE_C_COMPILER "${GUEST_CLANG}")
set(CMAKE_C_COMPILER_TARGET ${GUEST_TARGET})
if(GUEST_TARGET STREQUAL "wasm32-wasi")
    string(APPEND CMAKE_C_FLAGS_INIT " -Wno-deprecated") # of that name
endif()
