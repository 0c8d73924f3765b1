# The library as users get it, and where `cmake --install` puts things:
#
#     bin/swapc                        the program
#     include/swapc/                   public headers, and no others
#     lib/libswapc.so.1                the engines, the core and base; exports what the headers declare
#     lib/libswapc.a                   the same as one object with the same global names
#     lib/swapc/libwasmtime.so         found by $ORIGIN, so that the tree may be moved
#     lib/cmake/swapc, lib/pkgconfig   for find_package(swapc CONFIG) and pkg-config
#     share/swapc/modules/             the bundles
#     share/swapc/contracts/           what the verifier needs of them
#     share/swapc/proto/               the contracts of its gRPC services
#     share/doc/swapc/                 the documents, the examples, and what runs it as a service (packaging)
#
# Components: runtime (what runs), development (headers, libswapc.a, protos, what finds them), documentation.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

# The rooms of the library, and what they need from outside the tree.
function(swapc_library_parts rooms_out needs_out)
    set(rooms swapc_base swapc_wasm swapc_bundle swapc_core swapc_engines)
    foreach(engine IN LISTS SWAPC_ENGINES)
        list(APPEND rooms swapc_engine_${engine})
    endforeach()
    set(needs)
    foreach(room IN LISTS rooms)
        get_target_property(links ${room} LINK_LIBRARIES)
        list(FILTER links EXCLUDE REGEX "^swapc_")
        list(APPEND needs ${links})
    endforeach()
    list(REMOVE_DUPLICATES needs)
    set(${rooms_out} ${rooms} PARENT_SCOPE)
    set(${needs_out} ${needs} PARENT_SCOPE)
endfunction()

# swapc_shared_library(MAP file): target swapc_shared, libswapc.so.
function(swapc_shared_library)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "MAP" "")
    swapc_library_parts(rooms needs)
    list(TRANSFORM rooms REPLACE "(.+)" "$<TARGET_OBJECTS:\\1>" OUTPUT_VARIABLE objects)
    add_library(swapc_shared SHARED ${objects})
    swapc_target_flags(swapc_shared)
    set_target_properties(swapc_shared PROPERTIES
        OUTPUT_NAME swapc VERSION ${PROJECT_VERSION} SOVERSION ${SWAPC_ABI} LINKER_LANGUAGE C
        LIBRARY_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/lib" LINK_DEPENDS "${arg_MAP}"
        INSTALL_RPATH "$ORIGIN/swapc")
    target_link_libraries(swapc_shared PRIVATE ${needs})
    target_link_options(swapc_shared PRIVATE "LINKER:--version-script=${arg_MAP}"
        LINKER:-Bsymbolic-functions)
    if(NOT SWAPC_SANITIZE) # whose runtime is in the program, not in its libraries
        target_link_options(swapc_shared PRIVATE LINKER:-z,defs)
    endif()
endfunction()

# Target swapc_static, libswapc.a: one object in which only the public names are global, so that
# neither the internals nor wasm3 can clash with anything of the program that links it.
function(swapc_static_library)
    swapc_library_parts(rooms needs)
    list(TRANSFORM rooms REPLACE "(.+)" "$<TARGET_OBJECTS:\\1>" OUTPUT_VARIABLE objects)
    set(archives)
    foreach(need IN LISTS needs)
        if(TARGET ${need})
            get_target_property(type ${need} TYPE)
            if(type STREQUAL "STATIC_LIBRARY")
                list(APPEND archives $<TARGET_FILE:${need}>)
            endif()
        endif()
    endforeach()
    list(TRANSFORM SWAPC_ENGINES PREPEND "--localize-symbol=swapc_engine_" OUTPUT_VARIABLE hidden)
    set(object "${CMAKE_CURRENT_BINARY_DIR}/swapc.o")
    add_custom_command(
        OUTPUT "${object}"
        COMMAND ${CMAKE_C_COMPILER} -r -nostdlib -o "${object}.all" ${objects} ${archives}
        COMMAND ${CMAKE_OBJCOPY} --wildcard "--keep-global-symbol=swapc_*" ${hidden}
                "${object}.all" "${object}"
        COMMAND ${CMAKE_COMMAND} -E rm "${object}.all"
        DEPENDS ${rooms} ${archives}
        COMMENT "libswapc.a as one object"
        COMMAND_EXPAND_LISTS VERBATIM)
    add_library(swapc_static STATIC "${object}")
    set_source_files_properties("${object}" PROPERTIES EXTERNAL_OBJECT ON GENERATED ON)
    set_target_properties(swapc_static PROPERTIES OUTPUT_NAME swapc LINKER_LANGUAGE C
        ARCHIVE_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/lib")
endfunction()

function(swapc_install_runtime)
    cmake_path(RELATIVE_PATH CMAKE_INSTALL_LIBDIR BASE_DIRECTORY "${CMAKE_INSTALL_BINDIR}"
               OUTPUT_VARIABLE libdir)
    set_target_properties(swapc_cli PROPERTIES INSTALL_RPATH "$ORIGIN/${libdir}/swapc")
    install(TARGETS swapc_cli RUNTIME COMPONENT runtime)
    install(TARGETS swapc_shared LIBRARY COMPONENT runtime NAMELINK_COMPONENT development)
    if("wasmtime" IN_LIST SWAPC_ENGINES)
        install(PROGRAMS $<TARGET_FILE:swapc::wasmtime> DESTINATION "${CMAKE_INSTALL_LIBDIR}/swapc"
                COMPONENT runtime)
    endif()
    # The program looks for them in ../share beside itself, wherever other data goes.
    install(DIRECTORY "${PROJECT_BINARY_DIR}/share/swapc/modules" DESTINATION share/swapc COMPONENT runtime)
    install(DIRECTORY "${PROJECT_SOURCE_DIR}/guests/contracts" DESTINATION share/swapc COMPONENT runtime)
    install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" "${PROJECT_SOURCE_DIR}/THIRD-PARTY.md"
            DESTINATION "${CMAKE_INSTALL_DOCDIR}" COMPONENT runtime)
endfunction()

# As in the tree, so that their links to each other hold.
function(swapc_install_documentation)
    foreach(page IN ITEMS README ARCHITECTURE RATIONALE SECURITY CHANGELOG CONTRIBUTING)
        install(FILES "${PROJECT_SOURCE_DIR}/${page}.md" DESTINATION "${CMAKE_INSTALL_DOCDIR}"
                COMPONENT documentation)
    endforeach()
    foreach(folder IN ITEMS docs examples packaging)
        install(DIRECTORY "${PROJECT_SOURCE_DIR}/${folder}" DESTINATION "${CMAKE_INSTALL_DOCDIR}"
                COMPONENT documentation
                REGEX "/(examples|packaging)/CMakeLists.txt$" EXCLUDE REGEX "/docs/(man|dev)$" EXCLUDE
                PATTERN check.sh EXCLUDE
                PATTERN "*_test.c" EXCLUDE PATTERN "*.in" EXCLUDE PATTERN debian EXCLUDE
                PATTERN completions EXCLUDE PATTERN package.sh EXCLUDE
                PATTERN sbom.py EXCLUDE PATTERN try.sh EXCLUDE)
    endforeach()
    foreach(file IN LISTS ARGN)
        cmake_path(GET file PARENT_PATH folder)
        cmake_path(RELATIVE_PATH folder BASE_DIRECTORY "${PROJECT_SOURCE_DIR}")
        install(FILES "${file}" DESTINATION "${CMAKE_INSTALL_DATADIR}/swapc/${folder}"
                COMPONENT development)
    endforeach()
endfunction()

# The way from `from` to the prefix, for files that say where they are.
function(swapc_way_to_prefix out from)
    set(here ".")
    cmake_path(RELATIVE_PATH here BASE_DIRECTORY "${from}" OUTPUT_VARIABLE way)
    string(REGEX REPLACE "/\\.$" "" way "${way}")
    set(${out} "${way}" PARENT_SCOPE)
endfunction()

# swapc_install_development(CONFIG file.cmake.in PC file.pc.in)
function(swapc_install_development)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "CONFIG;PC" "")
    set(config_folder "${CMAKE_INSTALL_LIBDIR}/cmake/swapc")
    set(pc_folder "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
    swapc_way_to_prefix(SWAPC_PC_TO_PREFIX "${pc_folder}")
    set(SWAPC_HAS_WASMTIME 0)
    set(SWAPC_PC_WASMTIME "")
    if("wasmtime" IN_LIST SWAPC_ENGINES)
        set(SWAPC_HAS_WASMTIME 1)
        set(SWAPC_PC_WASMTIME "-L\${libdir}/swapc -Wl,-rpath,\${libdir}/swapc -lwasmtime ")
    endif()
    configure_package_config_file("${arg_CONFIG}" swapcConfig.cmake
        INSTALL_DESTINATION "${config_folder}" PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_LIBDIR
        NO_CHECK_REQUIRED_COMPONENTS_MACRO)
    write_basic_package_version_file(swapcConfigVersion.cmake COMPATIBILITY SameMinorVersion)
    configure_file("${arg_PC}" swapc.pc @ONLY)
    install(FILES "${CMAKE_CURRENT_BINARY_DIR}/swapcConfig.cmake"
            "${CMAKE_CURRENT_BINARY_DIR}/swapcConfigVersion.cmake" DESTINATION "${config_folder}"
            COMPONENT development)
    install(FILES "${CMAKE_CURRENT_BINARY_DIR}/swapc.pc" DESTINATION "${pc_folder}"
            COMPONENT development)
    install(TARGETS swapc_static ARCHIVE COMPONENT development)
    install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/swapc" TYPE INCLUDE COMPONENT development
            FILES_MATCHING PATTERN "*.h"
            PATTERN sys/engine.h EXCLUDE) # for engines inside this tree
endfunction()
