# Third-party libraries as targets, and how engines declare what they need.
#
# System libraries come by pkg-config: PkgConfig::UV and so on. The pinned ones that `./dev setup`
# puts into build/deps come as swapc::NAME; another copy is used by SWAPC_<NAME>_ROOT (a folder with
# include/ and lib/). A library that is missing is an error only where something links it.

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

# swapc_pkg(UV libuv …): PkgConfig::UV from the first of the modules that is installed.
function(swapc_pkg name)
    pkg_search_module(${name} QUIET IMPORTED_TARGET GLOBAL ${ARGN})
    if(NOT ${name}_FOUND)
        message(FATAL_ERROR "${ARGV1} is not installed: run ./dev setup")
    endif()
endfunction()

swapc_pkg(UV libuv)
swapc_pkg(SODIUM libsodium)
swapc_pkg(JANSSON jansson)
# Not by pkg-config: walking grpc.pc takes it seconds, and the C core needs these two alone.
find_path(SWAPC_GRPC_INCLUDE grpc/grpc.h)
find_library(SWAPC_GRPC_LIBRARY grpc)
find_library(SWAPC_GPR_LIBRARY gpr)
if(NOT SWAPC_GRPC_INCLUDE OR NOT SWAPC_GRPC_LIBRARY OR NOT SWAPC_GPR_LIBRARY)
    message(FATAL_ERROR "grpc is not installed: run ./dev setup")
endif()
add_library(PkgConfig::GRPC INTERFACE IMPORTED)
target_include_directories(PkgConfig::GRPC INTERFACE ${SWAPC_GRPC_INCLUDE})
target_link_libraries(PkgConfig::GRPC INTERFACE ${SWAPC_GRPC_LIBRARY} ${SWAPC_GPR_LIBRARY})

swapc_pkg(PROTOBUFC libprotobuf-c)
option(SWAPC_TLS "Redis over TLS (rediss://), by OpenSSL" ON)
if(SWAPC_TLS)
    swapc_pkg(OPENSSL openssl)
endif()
option(SWAPC_HTTP "--http: probes, metrics and the page, by libmicrohttpd" ON)
if(SWAPC_HTTP)
    swapc_pkg(MICROHTTPD libmicrohttpd)
endif()
if(BUILD_TESTING)
    swapc_pkg(CMOCKA cmocka)
    swapc_pkg(MSGPACK msgpack-c msgpack)
endif()

# swapc_import(wasm3 wasm3.h libwasm3.a): swapc::wasm3 when its files are there.
function(swapc_import name header file)
    string(TOUPPER ${name} upper)
    set(SWAPC_${upper}_ROOT "${PROJECT_SOURCE_DIR}/build/deps/${name}" CACHE PATH
        "Folder with include/ and lib/ of ${name}")
    set(root "${SWAPC_${upper}_ROOT}")
    if(NOT EXISTS "${root}/include/${header}" OR NOT EXISTS "${root}/lib/${file}")
        return()
    endif()
    if(file MATCHES "\\.so$")
        add_library(swapc::${name} SHARED IMPORTED GLOBAL)
        set_target_properties(swapc::${name} PROPERTIES IMPORTED_NO_SONAME ON)
    else()
        add_library(swapc::${name} STATIC IMPORTED GLOBAL)
    endif()
    set_target_properties(swapc::${name} PROPERTIES IMPORTED_LOCATION "${root}/lib/${file}")
    target_include_directories(swapc::${name} INTERFACE "${root}/include")
endfunction()

swapc_import(secp256k1 secp256k1.h libsecp256k1.a)
swapc_import(hiredis hiredis/hiredis.h libhiredis.a)
foreach(name IN ITEMS secp256k1 hiredis)
    if(NOT TARGET swapc::${name})
        message(WARNING "${name} is missing and what links it will fail: run ./dev setup")
    endif()
endforeach()
# swapc_engine(NAME [NEEDS swapc::library] [VALIDATES] [SHARED_OBJECTS]), in the engine's engine.cmake:
# decides by SWAPC_ENGINE_<NAME> whether this build has the engine, and says of it that it VALIDATES
# wasm (without such an engine no other one is handed unsigned wasm), or runs SHARED_OBJECTS, not wasm.
function(swapc_engine name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "VALIDATES;SHARED_OBJECTS" "NEEDS" "")
    string(TOUPPER ${name} upper)
    set(SWAPC_ENGINE_${upper} AUTO CACHE STRING "Engine ${name}: AUTO, ON or OFF")
    set_property(CACHE SWAPC_ENGINE_${upper} PROPERTY STRINGS AUTO ON OFF)
    set_property(GLOBAL PROPERTY SWAPC_ENGINE_${name}_VALIDATES ${arg_VALIDATES})
    set_property(GLOBAL PROPERTY SWAPC_ENGINE_${name}_SHARED_OBJECTS ${arg_SHARED_OBJECTS})
    set(missing)
    if(arg_NEEDS AND NOT TARGET ${arg_NEEDS})
        set(missing "its library is not in SWAPC_${upper}_ROOT (${SWAPC_${upper}_ROOT})")
    endif()
    if(SWAPC_ENGINE_${upper} STREQUAL "AUTO" AND missing)
        message(STATUS "engine ${name}: left out, ${missing}")
    elseif(SWAPC_ENGINE_${upper} AND missing)
        message(FATAL_ERROR "engine ${name}: ${missing}; run ./dev setup")
    elseif(SWAPC_ENGINE_${upper} STREQUAL "AUTO" OR SWAPC_ENGINE_${upper})
        list(APPEND SWAPC_ENGINES ${name})
    endif()
    set(SWAPC_ENGINES ${SWAPC_ENGINES} PARENT_SCOPE)
endfunction()
