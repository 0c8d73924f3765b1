# What `swapc module new` writes: a folder a kind of module (c, libc, rust, as), each with its files and with
# next.txt, which is shown and not written. The kind libc is c with files of its own in place of some.
set(sdk guests/sdk)
set(template ${sdk}/template)
set(files)
foreach(file IN ITEMS c/main.c c/module.toml c/next.txt c/CMakeLists.txt c/wasm.cmake libc/main.c libc/module.toml
        libc/next.txt rust/Cargo.toml rust/src/lib.rs rust/module.toml rust/build.sh rust/README.md rust/next.txt
        as/guest.ts as/package.json as/module.toml as/build.sh as/README.md as/next.txt)
    list(APPEND files ${file}=${template}/${file})
endforeach()
foreach(file IN ITEMS guest.c guest_mem.c guest_port.h guest_wasm.c guest_native.c include/swapc/guest.h)
    list(APPEND files c/sdk/${file}=${sdk}/${file})
endforeach()
foreach(file IN ITEMS bytes.h sys/native_module.h)
    list(APPEND files c/sdk/include/swapc/${file}=include/swapc/${file})
endforeach()
list(APPEND files c/sdk/check_native.cmake=cmake/CheckNativeModule.cmake
    c/sdk/freestanding/string.h=${template}/c/string.h
    rust/.gitignore=${template}/rust/gitignore as/.gitignore=${template}/as/gitignore
    # The pins are those that the tests of guests in other languages are built with.
    rust/Cargo.lock=tests/foreign/rust/wapc_guest/Cargo.lock
    as/package-lock.json=tests/foreign/assemblyscript/package-lock.json)
find_file(SWAPC_JSMN jsmn.h)
if(SWAPC_JSMN)
    list(APPEND files libc/sdk/jsmn.h=${SWAPC_JSMN})
else()
    message(STATUS "jsmn.h (libjsmn-dev) is not here: who writes a module by `swapc module new --libc` will be "
        "asked for it")
endif()
swapc_embed(NAME guest_template FILES ${files})
