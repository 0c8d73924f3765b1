# swapc_guest(NAME echo SOURCES main.c [SECP256K1 [INTERNALS batch.c]]): the bundle
# share/swapc/modules/<name> of the build, out of module.toml and the sources of the calling folder
# (SECP256K1: of a module that verifies signatures, with guests/verify and libsecp256k1; INTERNALS:
# a source that includes all of libsecp256k1's own secp256k1.c and stands for it), in every flavour that module.toml names:
#
#     wide.wasm    128-bit products in one instruction and SIMD: the fast one, for wasmtime and wasm2c
#     plain.wasm   what any current runtime reads
#     mvp.wasm     what wasm3 reads
#     size.wasm    the same, as small as it gets: -Os, and small tables of libsecp256k1
#     native.so    machine code behind the same imports (swapc/sys/native_module.h)
#
# The flags are the same in every preset, whatever the host is built with: guests are what users run
# and what is measured, so no sanitizer and no debug build of them. So the preset release compiles them, and the
# other ones name it by SWAPC_GUESTS_OF and have copies (GuestsOf.cmake); where warnings are errors, they read the
# sources themselves.

find_program(SWAPC_GUEST_CLANG NAMES clang-22 clang-21 clang-20 clang REQUIRED)
find_program(SWAPC_GUEST_CC NAMES gcc cc REQUIRED) # of native.so
# Optional, by ./dev setup --wasm-opt: docs/PERFORMANCE.md says what it gives.
find_program(SWAPC_WASM_OPT wasm-opt HINTS "${PROJECT_SOURCE_DIR}/build/deps/binaryen/bin")
set(SWAPC_SECP256K1_SRC "${PROJECT_SOURCE_DIR}/build/deps/secp256k1/src" CACHE PATH
    "The folder src of libsecp256k1's sources, with include beside it")
set(SWAPC_GUESTS_OF "" CACHE STRING "Preset whose build compiles the guests for this one too (empty: none)")
set(SWAPC_BUNDLES "${PROJECT_BINARY_DIR}/share/swapc/modules")

set(SWAPC_FLAVOURS wide plain mvp size native)
set(SWAPC_FLAVOUR_wide -mwide-arithmetic -msimd128 -DUSE_FORCE_WIDEMUL_INT128=1)
set(SWAPC_FLAVOUR_plain -DUSE_FORCE_WIDEMUL_INT64=1)
set(SWAPC_FLAVOUR_mvp -mcpu=mvp -msign-ext -mmutable-globals -mbulk-memory
    -DUSE_FORCE_WIDEMUL_INT64=1)
set(SWAPC_FLAVOUR_size ${SWAPC_FLAVOUR_mvp} -Os)
set(SWAPC_FLAVOUR_native -fPIC)

# Sets ${out} to 1 when clang compiles a file that includes the C library's headers with the flags.
function(swapc_guest_probe out)
    file(WRITE "${PROJECT_BINARY_DIR}/CMakeFiles/guest_probe.c"
         "#include <stdint.h>\n#include <stdlib.h>\n")
    execute_process(
        COMMAND ${SWAPC_GUEST_CLANG} ${ARGN} -c -o "${PROJECT_BINARY_DIR}/CMakeFiles/guest_probe.o"
                "${PROJECT_BINARY_DIR}/CMakeFiles/guest_probe.c"
        RESULT_VARIABLE failed OUTPUT_QUIET ERROR_QUIET)
    if(failed)
        set(${out} 0 PARENT_SCOPE)
    else()
        set(${out} 1 PARENT_SCOPE)
    endif()
endfunction()

# wasm32-wasi is the older name of the same target, and older packages of its C library know no other.
set(SWAPC_GUEST_TARGET)
foreach(triple IN ITEMS wasm32-wasip1 wasm32-wasi)
    if(NOT SWAPC_GUEST_TARGET)
        swapc_guest_probe(works --target=${triple} -mwide-arithmetic)
        if(works)
            set(SWAPC_GUEST_TARGET --target=${triple} -Wno-deprecated)
        endif()
    endif()
endforeach()
if(NOT SWAPC_GUEST_TARGET)
    message(FATAL_ERROR "${SWAPC_GUEST_CLANG} cannot build guests: it takes clang 20 or later and "
        "the headers of wasi-libc; run ./dev setup, or name another by -DSWAPC_GUEST_CLANG=")
endif()
if(SWAPC_WASM_OPT)
    execute_process(COMMAND ${SWAPC_WASM_OPT} --help OUTPUT_VARIABLE help ERROR_QUIET)
    if(NOT help MATCHES "wide-arithmetic")
        message(STATUS "guests: ${SWAPC_WASM_OPT} does not know wide arithmetic and is not used")
        set(SWAPC_WASM_OPT "")
    endif()
endif()

set(SWAPC_GUEST_COMMON -O3 -g0 -DNDEBUG -fvisibility=hidden -ffunction-sections -fdata-sections)
set(SWAPC_GUEST_OWN -std=gnu17 -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes
    "-I${PROJECT_SOURCE_DIR}/include" "-I${PROJECT_SOURCE_DIR}/guests/sdk/include"
    "-iquote${PROJECT_SOURCE_DIR}/guests/sdk" "-iquote${PROJECT_SOURCE_DIR}/guests/verify"
    "-iquote${PROJECT_SOURCE_DIR}/src/codec" "-iquote${PROJECT_SOURCE_DIR}/src/base")

if(SWAPC_WERROR)
    list(APPEND SWAPC_GUEST_OWN -Werror)
endif()

# What includes the sources of libsecp256k1 was written against one release of them, and the library
# promises nothing about its inside: fails when the hash over them is not that release's.
set(SWAPC_SECP256K1_HASH 91a94fedb6eb2402c561e30c32018c1a9fdfbdb661a6cdfe89633e0ed67e94e6)
function(swapc_guest_check_internals)
    file(GLOB files "${SWAPC_SECP256K1_SRC}/*.h" "${SWAPC_SECP256K1_SRC}/secp256k1.c"
         "${SWAPC_SECP256K1_SRC}/modules/extrakeys/main_impl.h"
         "${SWAPC_SECP256K1_SRC}/modules/schnorrsig/main_impl.h")
    list(SORT files)
    set(all)
    foreach(file IN LISTS files)
        file(SHA256 "${file}" hash)
        cmake_path(GET file FILENAME name)
        string(APPEND all "${hash} ${name}\n")
    endforeach()
    string(SHA256 hash "${all}")
    if(NOT hash STREQUAL SWAPC_SECP256K1_HASH)
        message(FATAL_ERROR "the sources in ${SWAPC_SECP256K1_SRC} are not those of libsecp256k1 0.8.0 "
            "whose inside guests/schnorr/batch.c uses (${hash}): run ./dev setup, or name that release's "
            "folder by -DSWAPC_SECP256K1_SRC=")
    endif()
endfunction()

# swapc_guest_objects(<out> SET <folder of the objects> FLAVOUR wide FLAGS … SOURCES …)
function(swapc_guest_objects out)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "SET;FLAVOUR" "FLAGS;SOURCES")
    set(compiler ${CMAKE_C_COMPILER_LAUNCHER} ${SWAPC_GUEST_CLANG} ${SWAPC_GUEST_TARGET})
    if(arg_FLAVOUR STREQUAL "native")
        set(compiler ${CMAKE_C_COMPILER_LAUNCHER} ${SWAPC_GUEST_CC})
    endif()
    set(folder "${PROJECT_BINARY_DIR}/guests/${arg_SET}/${arg_FLAVOUR}")
    file(MAKE_DIRECTORY "${folder}")
    set(objects)
    foreach(source IN LISTS arg_SOURCES)
        cmake_path(ABSOLUTE_PATH source)
        cmake_path(GET source STEM stem)
        add_custom_command(
            OUTPUT "${folder}/${stem}.o"
            DEPFILE "${folder}/${stem}.d"
            COMMAND ${compiler} ${SWAPC_GUEST_COMMON} ${SWAPC_FLAVOUR_${arg_FLAVOUR}} ${arg_FLAGS}
                    "-ffile-prefix-map=${PROJECT_SOURCE_DIR}=." -MD -MF "${folder}/${stem}.d"
                    -c -o "${folder}/${stem}.o" "${source}"
            DEPENDS "${source}"
            COMMENT "guest ${arg_SET}/${arg_FLAVOUR} ${stem}.o"
            VERBATIM)
        list(APPEND objects "${folder}/${stem}.o")
    endforeach()
    set(${out} ${objects} PARENT_SCOPE)
endfunction()

# swapc_guest_warnings(<out> SET … FLAVOUR … FLAGS … SOURCES …): the sources are read, and nothing is compiled.
function(swapc_guest_warnings out)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "SET;FLAVOUR" "FLAGS;SOURCES")
    set(compiler ${SWAPC_GUEST_CLANG} ${SWAPC_GUEST_TARGET})
    if(arg_FLAVOUR STREQUAL "native")
        set(compiler ${SWAPC_GUEST_CC})
    endif()
    set(folder "${PROJECT_BINARY_DIR}/guests/${arg_SET}/${arg_FLAVOUR}")
    file(MAKE_DIRECTORY "${folder}")
    set(stamps)
    foreach(source IN LISTS arg_SOURCES)
        cmake_path(ABSOLUTE_PATH source)
        cmake_path(GET source STEM stem)
        add_custom_command(
            OUTPUT "${folder}/${stem}.read"
            DEPFILE "${folder}/${stem}.d"
            COMMAND ${compiler} ${SWAPC_GUEST_COMMON} ${SWAPC_FLAVOUR_${arg_FLAVOUR}} ${arg_FLAGS}
                    -fsyntax-only -MD -MT "${folder}/${stem}.read" -MF "${folder}/${stem}.d" "${source}"
            COMMAND ${CMAKE_COMMAND} -E touch "${folder}/${stem}.read"
            DEPENDS "${source}"
            COMMENT "guest ${arg_SET}/${arg_FLAVOUR} ${stem}.c"
            VERBATIM)
        list(APPEND stamps "${folder}/${stem}.read")
    endforeach()
    set(${out} ${stamps} PARENT_SCOPE)
endfunction()

# What guests share, compiled once a flavour: target swapc_guest_shared, whose properties
# SDK_<flavour> and SECP256K1_<flavour> are the objects.
function(swapc_guest_shared)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "" "SDK;WASM;NATIVE;VERIFY")
    if(SWAPC_GUESTS_OF)
        if(SWAPC_WERROR)
            swapc_guest_warnings(wasm SET shared FLAVOUR plain FLAGS ${SWAPC_GUEST_OWN}
                SOURCES ${arg_SDK} ${arg_WASM} ${arg_VERIFY})
            swapc_guest_warnings(native SET shared FLAVOUR native FLAGS ${SWAPC_GUEST_OWN}
                SOURCES ${arg_SDK} ${arg_NATIVE} ${arg_VERIFY})
        endif()
        add_custom_target(swapc_guest_shared DEPENDS ${wasm} ${native})
        return()
    endif()
    set(all)
    foreach(flavour IN LISTS SWAPC_FLAVOURS)
        if(flavour STREQUAL "native")
            swapc_guest_objects(sdk SET sdk FLAVOUR native FLAGS ${SWAPC_GUEST_OWN}
                SOURCES ${arg_SDK} ${arg_NATIVE})
            swapc_guest_objects(verify SET verify FLAVOUR native FLAGS ${SWAPC_GUEST_OWN}
                SOURCES ${arg_VERIFY})
            set(mem)
        else()
            # Across files, so that the imports are called without a detour. The functions that the
            # compiler itself calls cannot take part in it.
            swapc_guest_objects(sdk SET sdk FLAVOUR ${flavour} FLAGS ${SWAPC_GUEST_OWN} -flto
                SOURCES ${arg_SDK} ${arg_WASM})
            swapc_guest_objects(verify SET verify FLAVOUR ${flavour} FLAGS ${SWAPC_GUEST_OWN} -flto
                SOURCES ${arg_VERIFY})
            swapc_guest_objects(mem SET sdk FLAVOUR ${flavour} FLAGS ${SWAPC_GUEST_OWN} -fno-builtin
                SOURCES "${PROJECT_SOURCE_DIR}/guests/sdk/guest_mem.c")
        endif()
        set(asm)
        if(flavour STREQUAL "native" AND CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
            set(asm -DUSE_ASM_X86_64=1)
        endif()
        set(window 15) # tables of 1 MiB
        if(flavour STREQUAL "size")
            set(window 8) # of 8 KiB
        endif()
        set(configuration -DECMULT_WINDOW_SIZE=${window} -DECMULT_GEN_KB=2 -DENABLE_MODULE_EXTRAKEYS=1
            -DENABLE_MODULE_SCHNORRSIG=1 -DUSE_EXTERNAL_DEFAULT_CALLBACKS=1
            -DSECP256K1_NO_API_VISIBILITY_ATTRIBUTES=1 ${asm}
            "-ffile-prefix-map=${SWAPC_SECP256K1_SRC}=secp256k1")
        set(internals_${flavour} ${configuration})
        swapc_guest_objects(secp256k1 SET secp256k1 FLAVOUR ${flavour}
            FLAGS -std=gnu99 -w "-I${SWAPC_SECP256K1_SRC}" "-I${SWAPC_SECP256K1_SRC}/../include"
                  ${configuration}
            SOURCES "${SWAPC_SECP256K1_SRC}/secp256k1.c"
                    "${SWAPC_SECP256K1_SRC}/precomputed_ecmult.c"
                    "${SWAPC_SECP256K1_SRC}/precomputed_ecmult_gen.c")
        list(APPEND all ${sdk} ${mem} ${verify} ${secp256k1})
        set(sdk_${flavour} ${sdk} ${mem})
        set(secp256k1_${flavour} ${verify} ${secp256k1})
    endforeach()
    add_custom_target(swapc_guest_shared DEPENDS ${all})
    foreach(flavour IN LISTS SWAPC_FLAVOURS)
        set_target_properties(swapc_guest_shared PROPERTIES SDK_${flavour} "${sdk_${flavour}}"
            SECP256K1_${flavour} "${secp256k1_${flavour}}" INTERNALS_${flavour} "${internals_${flavour}}")
    endforeach()
endfunction()

# The features of wide.wasm by name: with all of them wasm-opt writes sections that no engine reads yet.
set(SWAPC_WASM_OPT_FLAGS -O4 --enable-wide-arithmetic --enable-simd --enable-bulk-memory
    --enable-bulk-memory-opt --enable-sign-ext --enable-mutable-globals --enable-multivalue
    --enable-nontrapping-float-to-int --enable-reference-types --enable-extended-const)

# A wasm module out of objects.
function(swapc_guest_link_wasm output flavour)
    set(optimize)
    if(SWAPC_WASM_OPT AND flavour STREQUAL "wide")
        set(optimize COMMAND ${SWAPC_WASM_OPT} ${SWAPC_WASM_OPT_FLAGS} "${output}" -o "${output}")
    endif()
    add_custom_command(
        OUTPUT "${output}"
        COMMAND ${SWAPC_GUEST_CLANG} ${SWAPC_GUEST_TARGET} -O3 ${SWAPC_FLAVOUR_${flavour}} -flto
                -nostdlib -Wl,--no-entry -Wl,--strip-all -Wl,--stack-first --no-wasm-opt
                ${ARGN} -o "${output}"
        ${optimize}
        DEPENDS ${ARGN}
        COMMENT "guest ${output}"
        VERBATIM)
endfunction()

# A shared object out of objects; one with writable globals is not made.
function(swapc_guest_link_native output)
    add_custom_command(
        OUTPUT "${output}"
        COMMAND ${SWAPC_GUEST_CC} -shared -nostartfiles -Wl,-z,relro,-z,now,-z,defs -Wl,--gc-sections
                -Wl,-s -Wl,--build-id=none ${ARGN} -o "${output}.new"
        COMMAND ${CMAKE_COMMAND} "-DOBJDUMP=${CMAKE_OBJDUMP}" "-DFILE=${output}.new" -P
                "${PROJECT_SOURCE_DIR}/cmake/CheckNativeModule.cmake"
        COMMAND ${CMAKE_COMMAND} -E rename "${output}.new" "${output}"
        DEPENDS ${ARGN} "${PROJECT_SOURCE_DIR}/cmake/CheckNativeModule.cmake"
        COMMENT "guest ${output}"
        VERBATIM)
endfunction()

# A guest that the build of the preset SWAPC_GUESTS_OF compiles. That build is asked each time, as only it knows
# whether there is something to do.
function(swapc_guest_of)
    cmake_parse_arguments(PARSE_ARGV 0 arg "SECP256K1" "NAME" "SOURCES;INTERNALS")
    set(files)
    foreach(flavour IN LISTS SWAPC_FLAVOURS)
        set(ending wasm)
        if(flavour STREQUAL "native")
            set(ending so)
        endif()
        list(APPEND files "share/swapc/modules/${arg_NAME}/${flavour}.${ending}")
        if(SWAPC_WERROR AND flavour MATCHES "^(plain|native)$")
            swapc_guest_warnings(read SET ${arg_NAME} FLAVOUR ${flavour}
                FLAGS ${SWAPC_GUEST_OWN} -isystem "${SWAPC_SECP256K1_SRC}" -isystem "${SWAPC_SECP256K1_SRC}/../include"
                SOURCES ${arg_SOURCES} ${arg_INTERNALS})
            list(APPEND all ${read})
        endif()
    endforeach()
    list(TRANSFORM files PREPEND "${PROJECT_BINARY_DIR}/" OUTPUT_VARIABLE copies)
    set(build "${PROJECT_SOURCE_DIR}/build/${SWAPC_GUESTS_OF}")
    add_custom_target(swapc_guest_${arg_NAME} ALL
        COMMAND ${CMAKE_COMMAND} -E make_directory "${build}"
        COMMAND flock "${build}/.lock" ${CMAKE_COMMAND} "-DPRESET=${SWAPC_GUESTS_OF}"
                "-DTREE=${PROJECT_SOURCE_DIR}" "-DNINJA=${CMAKE_MAKE_PROGRAM}" "-DTARGET=swapc_guest_${arg_NAME}"
                "-DFILES=${files}" "-DTO=${PROJECT_BINARY_DIR}" -P "${PROJECT_SOURCE_DIR}/cmake/GuestsOf.cmake"
        BYPRODUCTS ${copies}
        DEPENDS ${all}
        COMMENT "guest ${arg_NAME} of the preset ${SWAPC_GUESTS_OF}"
        VERBATIM)
    add_dependencies(swapc_guest_${arg_NAME} swapc_guest_shared)
endfunction()

function(swapc_guest)
    cmake_parse_arguments(PARSE_ARGV 0 arg "SECP256K1" "NAME" "SOURCES;INTERNALS")
    if(arg_INTERNALS)
        swapc_guest_check_internals()
    endif()
    set(bundle "${SWAPC_BUNDLES}/${arg_NAME}")
    file(MAKE_DIRECTORY "${bundle}")
    configure_file(module.toml "${bundle}/module.toml" COPYONLY)
    if(SWAPC_GUESTS_OF)
        swapc_guest_of(${ARGN})
        return()
    endif()
    set(files)
    foreach(flavour IN LISTS SWAPC_FLAVOURS)
        set(flags ${SWAPC_GUEST_OWN})
        get_target_property(linked swapc_guest_shared SDK_${flavour})
        if(arg_SECP256K1)
            get_target_property(secp256k1 swapc_guest_shared SECP256K1_${flavour})
            list(APPEND linked ${secp256k1})
            list(APPEND flags -isystem "${SWAPC_SECP256K1_SRC}/../include"
                -DSECP256K1_NO_API_VISIBILITY_ATTRIBUTES=1)
        endif()
        if(arg_INTERNALS)
            get_target_property(internals swapc_guest_shared INTERNALS_${flavour})
            swapc_guest_objects(inside SET ${arg_NAME} FLAVOUR ${flavour}
                FLAGS ${SWAPC_GUEST_OWN} -isystem "${SWAPC_SECP256K1_SRC}" ${internals}
                SOURCES ${arg_INTERNALS})
            list(FILTER linked EXCLUDE REGEX "/secp256k1\\.o$") # the internals include its source
            list(APPEND linked ${inside})
        endif()
        if(flavour STREQUAL "native")
            set(output "${bundle}/native.so")
            swapc_guest_objects(own SET ${arg_NAME} FLAVOUR native FLAGS ${flags}
                SOURCES ${arg_SOURCES})
            swapc_guest_link_native("${output}" ${own} ${linked})
        else()
            set(output "${bundle}/${flavour}.wasm")
            swapc_guest_objects(own SET ${arg_NAME} FLAVOUR ${flavour} FLAGS ${flags} -flto
                SOURCES ${arg_SOURCES})
            swapc_guest_link_wasm("${output}" ${flavour} ${own} ${linked})
        endif()
        list(APPEND files "${output}")
    endforeach()
    add_custom_target(swapc_guest_${arg_NAME} ALL DEPENDS ${files})
    add_dependencies(swapc_guest_${arg_NAME} swapc_guest_shared)
endfunction()
