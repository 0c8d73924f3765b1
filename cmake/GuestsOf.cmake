# cmake -DPRESET=release -DTREE=… -DNINJA=… -DTARGET=swapc_guest_echo -DTO=build/dev
#       "-DFILES=share/swapc/modules/echo/wide.wasm;…" -P GuestsOf.cmake
# Has the build of the preset make the target, and copies the files from there into the build TO. Who calls it holds the
# lock of that build.
set(build "${TREE}/build/${PRESET}")
if(NOT EXISTS "${build}/build.ninja")
    # With the compiler that it has by itself: this build may have another one.
    execute_process(COMMAND ${CMAKE_COMMAND} -E env --unset=CC --unset=CFLAGS ${CMAKE_COMMAND} --preset ${PRESET}
                    WORKING_DIRECTORY "${TREE}" OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
endif()
execute_process(COMMAND "${NINJA}" --quiet -C "${build}" ${TARGET} OUTPUT_VARIABLE said ERROR_VARIABLE said
                RESULT_VARIABLE failed)
if(failed)
    message(FATAL_ERROR "${TARGET} of the preset ${PRESET}:\n${said}")
endif()
foreach(file IN LISTS FILES)
    execute_process(COMMAND ${CMAKE_COMMAND} -E copy_if_different "${build}/${file}" "${TO}/${file}"
                    COMMAND_ERROR_IS_FATAL ANY)
endforeach()
