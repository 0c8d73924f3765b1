# CMake toolchain file: WebAssembly by clang and lld, without a C library.
# Another clang: -DGUEST_CLANG=/path/to/clang
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR wasm32)
find_program(GUEST_CLANG NAMES clang-24 clang-23 clang-22 clang-21 clang-20 clang REQUIRED)
set(CMAKE_C_COMPILER "${GUEST_CLANG}")
set(CMAKE_C_COMPILER_TARGET wasm32-unknown-unknown)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES GUEST_CLANG)
