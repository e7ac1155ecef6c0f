# Stages and packs the relocatable package; run by the target package-relocatable.
# Fails if a binary needs a library that the package does not promise to run without,
# or if the archive is over 40 MB.

set(stage "${BINARY_DIR}/package/${NAME}")
set(archive "${BINARY_DIR}/${NAME}.tar.zst")
file(REMOVE_RECURSE "${stage}" "${archive}")

file(COPY "${TOOLS}" DESTINATION "${stage}/bin")
foreach(tool sparsity-opt sparsity-translate sparsity-run)
  file(CREATE_LINK sparsity-tools "${stage}/bin/${tool}" SYMBOLIC)
endforeach()
file(COPY "${RUNTIME}" DESTINATION "${stage}/lib")
file(COPY "${SOURCE_DIR}/test/Examples/" DESTINATION "${stage}/share/sparsity/examples"
  FILES_MATCHING PATTERN "*.mlir")
file(COPY "${SOURCE_DIR}/test/Integration/GPU/" DESTINATION "${stage}/share/sparsity/test"
  FILES_MATCHING PATTERN "*.mlir" PATTERN "*.py")
file(COPY "${SOURCE_DIR}/python/" DESTINATION "${stage}/share/sparsity/python"
  FILES_MATCHING PATTERN "*.py" PATTERN "pyproject.toml" PATTERN "__pycache__" EXCLUDE)
configure_file("${SOURCE_DIR}/tools/cmake/PackageREADME.md.in" "${stage}/README.md" @ONLY)

find_program(READELF NAMES readelf llvm-readelf-22 llvm-readelf REQUIRED)
find_program(TAR NAMES tar REQUIRED)
find_program(ZSTD NAMES zstd REQUIRED)

foreach(binary bin/sparsity-tools lib/libsparsity_runtime.so)
  execute_process(COMMAND "${READELF}" -d "${stage}/${binary}"
    OUTPUT_VARIABLE dynamic COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "NEEDED[^\n]*\\[[^]\n]*" needed "${dynamic}")
  foreach(entry ${needed})
    string(REGEX REPLACE ".*\\[" "" library "${entry}")
    if(NOT library MATCHES "^(libc|libm|libdl|libpthread|librt|ld-linux-x86-64)\\.so")
      message(FATAL_ERROR "expected ${binary} to need only glibc, but got ${library}")
    endif()
  endforeach()
endforeach()

execute_process(COMMAND "${stage}/bin/sparsity-opt" --version
  OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)

execute_process(
  COMMAND "${TAR}" --use-compress-program "${ZSTD} -19 --long=27 -T0" --sort=name
    --owner=0 --group=0 --numeric-owner --mtime=@0 -cf "${archive}" "${NAME}"
  WORKING_DIRECTORY "${BINARY_DIR}/package" COMMAND_ERROR_IS_FATAL ANY)
file(SIZE "${archive}" size)
math(EXPR megabytes "(${size} + 999999) / 1000000")
if(size GREATER 40000000)
  message(FATAL_ERROR "expected an archive of at most 40 MB, but got ${megabytes} MB")
endif()
message(STATUS "${archive}: ${megabytes} MB")
