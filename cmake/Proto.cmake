# swapc_proto(NAME name FILES a.proto sub/b.proto ...)
#
# Makes library target `swapc_<name>` of the messages in FILES (paths relative to the calling
# folder, which is also the import root), with headers as "a.pb-c.h" and "sub/b.pb-c.h". Generated
# files live in the build tree only.
#
# protoc-c up to 1.4 refuses proto3's `optional`. By the language's own definition
# `optional T f = 1;` is `oneof _f { T f = 1; }`, so protoc-c is given a copy written that way,
# whatever its version: the C is then the same everywhere, and the .proto files stay the plain contract.
include(Embed)
find_program(SWAPC_PROTOC_C NAMES protoc-c REQUIRED)

function(swapc_proto)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME" "FILES")
    set(copies ${CMAKE_CURRENT_BINARY_DIR}/protoc-c)
    set(root ${CMAKE_CURRENT_BINARY_DIR}/generated)
    set(inputs)
    set(sources)
    set(headers)
    foreach(file IN LISTS arg_FILES)
        set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
            ${CMAKE_CURRENT_SOURCE_DIR}/${file})
        file(READ ${file} text)
        string(REGEX REPLACE "optional +([A-Za-z0-9_.]+) +([A-Za-z0-9_]+) *= *([0-9]+) *;"
            "oneof _\\2 { \\1 \\2 = \\3; }" text "${text}")
        file(CONFIGURE OUTPUT ${copies}/${file} CONTENT "${text}" @ONLY)
        string(REGEX REPLACE "\\.proto$" "" stem ${file})
        list(APPEND inputs ${copies}/${file})
        list(APPEND sources ${root}/${stem}.pb-c.c)
        list(APPEND headers ${root}/${stem}.pb-c.h)
    endforeach()
    file(MAKE_DIRECTORY ${root})
    add_custom_command(
        OUTPUT ${sources} ${headers}
        COMMAND ${SWAPC_PROTOC_C} -I${copies} --c_out=${root} ${inputs}
        DEPENDS ${inputs}
        COMMENT "protoc-c ${arg_NAME}"
        VERBATIM)
    add_library(swapc_${arg_NAME} STATIC ${sources} ${headers})
    set_target_properties(swapc_${arg_NAME} PROPERTIES POSITION_INDEPENDENT_CODE ON)
    # Not our code: its warnings are nobody's to mend here.
    target_compile_options(swapc_${arg_NAME} PRIVATE -w)
    target_include_directories(swapc_${arg_NAME} SYSTEM PUBLIC ${root})
    target_link_libraries(swapc_${arg_NAME} PUBLIC PkgConfig::PROTOBUFC)
endfunction()

# swapc_proto_set(NAME proto_set FILES control.proto …): ${CMAKE_CURRENT_BINARY_DIR}/proto_set.c, which
# defines swapci_proto_set[] (embedded.h): one file, the FileDescriptorSet of FILES, which lie in proto/.
find_program(SWAPC_PROTOC protoc REQUIRED)

function(swapc_proto_set)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME" "FILES")
    set(root "${PROJECT_SOURCE_DIR}/proto")
    set(output "${CMAKE_CURRENT_BINARY_DIR}/${arg_NAME}.set")
    list(TRANSFORM arg_FILES PREPEND "${root}/")
    add_custom_command(
        OUTPUT "${output}"
        COMMAND ${SWAPC_PROTOC} "-I${root}" --include_imports "--descriptor_set_out=${output}"
                ${arg_FILES}
        DEPENDS ${arg_FILES}
        COMMENT "protoc ${arg_NAME}"
        VERBATIM)
    swapc_embed(NAME ${arg_NAME} FILES "${arg_NAME}.set=${output}")
endfunction()
