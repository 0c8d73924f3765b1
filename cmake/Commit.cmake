# cmake -DFOLDER=… -DOUTPUT=commit.h -P Commit.cmake: writes which commit of the tree this is, "unknown"
# where git or the history is absent, and only when it changed, so that nothing is compiled in vain.
execute_process(COMMAND git -C "${FOLDER}" describe --always --dirty --abbrev=12
    OUTPUT_VARIABLE commit ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
if(NOT commit)
    set(commit unknown)
endif()
file(CONFIGURE OUTPUT "${OUTPUT}" CONTENT "#define SWAPCI_COMMIT \"${commit}\"\n" @ONLY)
