# What conformance/CMakeLists.txt declares with: guests out of wasm text, native twins, and one CTest
# swapc.conformance.ENGINE.CASE for each engine of the build and each case of cases.json.
include(Guests)

# swapc_conformance_init_guests(<out> TEMPLATE): what can happen while a module starts, at each place
# where it can: init_<place>_<act>.wat, out of a template with @WHAT@, @ACT@ and @PLACE@.
function(swapc_conformance_init_guests out template)
    set(place_section "(start $act)")
    foreach(export IN ITEMS start initialize init)
        set(place_${export} "(export \"_${export}\" (func $act))")
    endforeach()
    set(place_init "(export \"wapc_init\" (func $act))")
    set(act_trap "(unreachable)")
    set(act_loop "(loop $forever (br $forever))")
    set(act_recursion "(call $act) (call $act)")
    set(act_bomb "(loop $more (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))")
    set(act_exit_0 "(call $proc_exit (i32.const 0))")
    set(act_exit_1 "(call $proc_exit (i32.const 1))")
    set(files)
    foreach(place IN ITEMS section start initialize init)
        foreach(act IN ITEMS trap loop recursion bomb exit_0 exit_1)
            set(WHAT "${act} in ${place}")
            set(ACT "${act_${act}}")
            set(PLACE "${place_${place}}")
            set(file "${CMAKE_CURRENT_BINARY_DIR}/init_${place}_${act}.wat")
            configure_file(${template} "${file}" @ONLY)
            list(APPEND files "${file}")
        endforeach()
    endforeach()
    set(${out} ${files} PARENT_SCOPE)
endfunction()

# swapc_conformance_guests(<out> FOLDER file.wat …): FOLDER/file.wasm for each.
function(swapc_conformance_guests out folder)
    set(files)
    foreach(source IN LISTS ARGN)
        cmake_path(GET source STEM stem)
        set(output "${folder}/${stem}.wasm")
        add_custom_command(
            OUTPUT "${output}"
            COMMAND swapc_wat2wasm "${source}" "${output}"
            DEPENDS "${source}" swapc_wat2wasm
            COMMENT "conformance guest ${stem}.wasm"
            VERBATIM)
        list(APPEND files "${output}")
    endforeach()
    set(${out} ${files} PARENT_SCOPE)
endfunction()

# swapc_conformance_twins(<out> FOLDER file.c …): FOLDER/file.so for each.
function(swapc_conformance_twins out folder)
    set(files)
    foreach(source IN LISTS ARGN)
        cmake_path(GET source STEM stem)
        swapc_guest_objects(objects SET conformance FLAVOUR native FLAGS ${SWAPC_GUEST_OWN}
            SOURCES ${source})
        swapc_guest_link_native("${folder}/${stem}.so" ${objects})
        list(APPEND files "${folder}/${stem}.so")
    endforeach()
    set(${out} ${files} PARENT_SCOPE)
endfunction()

# swapc_conformance_tests(RUNNER FOLDER cases.json): a skipped case is shown as skipped.
function(swapc_conformance_tests runner folder cases)
    swapc_tests_wanted(wanted)
    if(NOT wanted)
        return()
    endif()
    add_dependencies(swapc_tests ${runner} swapc_conformance_guests)
    file(STRINGS ${cases} lines REGEX "^ {\"name\": ")
    foreach(line IN LISTS lines)
        string(REGEX REPLACE "^ {\"name\": \"([^\"]+)\".*" "\\1" case "${line}")
        foreach(engine IN LISTS SWAPC_ENGINES)
            set(name ${SWAPC_TEST_PREFIX}swapc.conformance.${engine}.${case})
            add_test(NAME ${name} COMMAND ${runner} --folder "${folder}" ${engine} ${case})
            swapc_test_properties(${name} conformance)
            set_tests_properties(${name} PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 120)
        endforeach()
    endforeach()
endfunction()
