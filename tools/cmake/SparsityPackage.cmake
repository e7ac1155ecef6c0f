# Target package-relocatable: sparsity-<version>-<arch>-linux.tar.zst, which runs on any
# machine with glibc 2.36 or newer and has no other dependency.

if(NOT SPARSITY_PACKAGE)
  return()
endif()

add_custom_target(package-relocatable
  COMMAND ${CMAKE_COMMAND}
    "-DNAME=sparsity-${PROJECT_VERSION}-${CMAKE_SYSTEM_PROCESSOR}-linux"
    "-DSOURCE_DIR=${PROJECT_SOURCE_DIR}"
    "-DBINARY_DIR=${PROJECT_BINARY_DIR}"
    "-DTOOLS=$<TARGET_FILE:sparsity-tools>"
    "-DRUNTIME=$<TARGET_FILE:SparsityRuntimeShared>"
    -P "${PROJECT_SOURCE_DIR}/tools/cmake/MakePackage.cmake"
  DEPENDS sparsity-tools SparsityRuntimeShared
  VERBATIM USES_TERMINAL)
