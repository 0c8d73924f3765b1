# cmake -DOBJDUMP=… -DFILE=… -P CheckNativeModule.cmake: fails when a native module has writable
# globals, or code that the loader runs by itself. State belongs to instances; what is left in the
# object must be constant (relocated data becomes read-only before the module is entered).
execute_process(COMMAND "${OBJDUMP}" -h "${FILE}" OUTPUT_VARIABLE sections COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "[ \t](\\.(data|bss|tdata|tbss|init|fini|init_array|fini_array)[^a-z_][^\n]*)"
       found "${sections}")
list(FILTER found EXCLUDE REGEX "\\.data\\.rel\\.ro")
if(found)
    list(JOIN found "\n" found)
    message(FATAL_ERROR "${FILE} has writable globals or initializers: make them constant, or keep "
        "them in the handler\n${found}")
endif()
