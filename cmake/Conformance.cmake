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
            COMMAND ${SWAPC_TEST_LAUNCHER} $<TARGET_FILE:swapc_suite_wat2wasm> "${source}" "${output}"
            DEPENDS "${source}" swapc_suite_wat2wasm
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

# swapc_conformance_program(NAME SOURCES … LINK …): a program that tests run, in the folder of tests.
function(swapc_conformance_program name)
    swapc_program(NAME suite_${name} OUTPUT ${name} ${ARGN})
    set_target_properties(swapc_suite_${name} PROPERTIES
        RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/test")
endfunction()

# The engines of this build that a case concerns: those that run shared objects take no part in what
# needs wasm or a sandbox, and would only report it as not applicable; and where none validates wasm, no
# wasm engine takes it.
function(swapc_conformance_engines out needs)
    set(engines)
    set(validated 0)
    foreach(engine IN LISTS SWAPC_ENGINES)
        get_property(validates GLOBAL PROPERTY SWAPC_ENGINE_${engine}_VALIDATES)
        if(validates)
            set(validated 1)
        endif()
    endforeach()
    foreach(engine IN LISTS SWAPC_ENGINES)
        get_property(shared_objects GLOBAL PROPERTY SWAPC_ENGINE_${engine}_SHARED_OBJECTS)
        if((shared_objects AND NOT needs MATCHES "wasm|sandbox") OR
           (NOT shared_objects AND validated))
            list(APPEND engines ${engine})
        endif()
    endforeach()
    set(${out} ${engines} PARENT_SCOPE)
endfunction()

function(swapc_conformance_test engine case program)
    set(name ${SWAPC_TEST_PREFIX}swapc.conformance.${engine}.${case})
    add_test(NAME ${name} COMMAND ${SWAPC_TEST_LAUNCHER} $<TARGET_FILE:${program}> ${ARGN})
    swapc_test_properties(${name} conformance)
    set_tests_properties(${name} PROPERTIES SKIP_RETURN_CODE 77)
endfunction()

# swapc_conformance_tests(FOLDER cases.json): the cases, the vectors, the differential check
# and the hammer that swaps between engines.
function(swapc_conformance_tests folder cases)
    swapc_tests_wanted(wanted)
    if(NOT wanted)
        return()
    endif()
    add_dependencies(swapc_tests swapc_suite_conformance swapc_suite_vectors_runner
        swapc_suite_differential swapc_suite_generated swapc_suite_batches swapc_suite_cross_swap
        swapc_conformance_guests swapc_guest_echo
        swapc_guest_schnorr swapc_guest_ecdsa)
    file(READ ${cases} text)
    string(JSON count LENGTH "${text}" cases)
    math(EXPR last "${count} - 1")
    foreach(index RANGE ${last})
        string(JSON data GET "${text}" cases ${index})
        string(JSON case GET "${data}" name)
        string(JSON needs ERROR_VARIABLE none GET "${data}" needs)
        swapc_conformance_engines(engines "${needs}")
        foreach(engine IN LISTS engines)
            swapc_conformance_test(${engine} ${case} swapc_suite_conformance --folder "${folder}"
                ${engine} ${case})
        endforeach()
    endforeach()
    # What has one thread has nothing for the thread sanitizer to find.
    if(NOT SWAPC_SANITIZE MATCHES "thread")
        swapc_conformance_alone()
    endif()
    if("wasmtime" IN_LIST SWAPC_ENGINES)
        swapc_conformance_test(all cross_swap swapc_suite_cross_swap "${SWAPC_BUNDLES}")
        set_tests_properties(${SWAPC_TEST_PREFIX}swapc.conformance.all.cross_swap PROPERTIES
            LABELS hammer)
    endif()
endfunction()

# The vectors, generated modules (thousands under the sanitizers, others and fewer in the release build), and what
# compares engines and batches.
function(swapc_conformance_alone)
    swapc_conformance_engines(engines "")
    foreach(engine IN LISTS engines)
        foreach(set IN ITEMS bip340 wycheproof recorded)
            swapc_conformance_test(${engine} vectors_${set} swapc_suite_vectors_runner
                "${SWAPC_BUNDLES}" ${engine} ${set})
        endforeach()
    endforeach()
    if(NOT "wasmtime" IN_LIST SWAPC_ENGINES)
        return()
    endif()
    set(generated 4001)
    if(SWAPC_SANITIZE)
        set(generated 1 1001 2001 3001)
    endif()
    if("wasm3" IN_LIST SWAPC_ENGINES)
        foreach(first IN LISTS generated)
            swapc_conformance_test(all generated_${first} swapc_suite_generated ${first} 1000)
        endforeach()
    endif()
    foreach(seed RANGE 1 3)
        swapc_conformance_test(all differential_${seed} swapc_suite_differential "${SWAPC_BUNDLES}"
            ${seed})
        swapc_conformance_test(all batches_${seed} swapc_suite_batches "${SWAPC_BUNDLES}" ${seed})
    endforeach()
endfunction()
