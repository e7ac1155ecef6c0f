# Headers and the package `Sparsity`, for the install tree and for the build tree.

include(CMakePackageConfigHelpers)
set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/Sparsity")
set(build_package_dir "${PROJECT_BINARY_DIR}/lib/cmake/Sparsity")

install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/" "${PROJECT_BINARY_DIR}/include/"
  DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
  FILES_MATCHING PATTERN "*.h" PATTERN "*.td" PATTERN "*.inc"
  PATTERN CMakeFiles EXCLUDE)

configure_package_config_file(
  "${PROJECT_SOURCE_DIR}/tools/cmake/SparsityConfig.cmake.in"
  "${build_package_dir}/SparsityConfig.cmake"
  INSTALL_DESTINATION "${package_dir}"
  NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file("${build_package_dir}/SparsityConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion)
configure_file("${PROJECT_SOURCE_DIR}/tools/cmake/SparsityLLVM.cmake"
  "${build_package_dir}/SparsityLLVM.cmake" COPYONLY)
install(FILES
  "${build_package_dir}/SparsityConfig.cmake"
  "${build_package_dir}/SparsityConfigVersion.cmake"
  "${build_package_dir}/SparsityLLVM.cmake"
  DESTINATION "${package_dir}")

install(EXPORT SparsityTargets NAMESPACE Sparsity:: FILE SparsityExports.cmake
  DESTINATION "${package_dir}")
export(EXPORT SparsityTargets NAMESPACE Sparsity::
  FILE "${build_package_dir}/SparsityExports.cmake")
