# swapc_embed(NAME guest_template FILES path=source …): ${CMAKE_CURRENT_BINARY_DIR}/guest_template.c,
# which defines swapci_guest_template[] (embedded.h): each source's content under its path.
function(swapc_embed)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME" "FILES")
    set(output "${CMAKE_CURRENT_BINARY_DIR}/${arg_NAME}.c")
    set(sources)
    set(pairs)
    foreach(pair IN LISTS arg_FILES)
        string(REGEX MATCH "^([^=]+)=(.+)$" pair "${pair}")
        cmake_path(ABSOLUTE_PATH CMAKE_MATCH_2 BASE_DIRECTORY "${PROJECT_SOURCE_DIR}"
                   OUTPUT_VARIABLE source)
        list(APPEND sources "${source}")
        list(APPEND pairs "${CMAKE_MATCH_1}=${source}")
    endforeach()
    add_custom_command(
        OUTPUT "${output}"
        COMMAND ${CMAKE_COMMAND} "-DOUTPUT=${output}" "-DNAME=${arg_NAME}" "-DFILES=${pairs}"
                -P "${PROJECT_SOURCE_DIR}/cmake/EmbedFiles.cmake"
        DEPENDS ${sources} "${PROJECT_SOURCE_DIR}/cmake/EmbedFiles.cmake"
        COMMENT "embedding ${arg_NAME}"
        VERBATIM)
endfunction()
