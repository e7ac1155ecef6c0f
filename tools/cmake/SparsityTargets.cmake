# Functions that declare the project's libraries and tools, all in one way.

set(SPARSITY_COMPILE_OPTIONS
  -fno-exceptions -fno-rtti -fPIC -fvisibility=hidden -fvisibility-inlines-hidden
  -ffunction-sections -fdata-sections -Wall -Wextra -Wno-unused-parameter)
if(SPARSITY_WERROR)
  list(APPEND SPARSITY_COMPILE_OPTIONS -Werror)
endif()

add_link_options(-Wl,--gc-sections)
if(SPARSITY_PACKAGE)
  add_link_options(-static-libstdc++ -static-libgcc -s)
endif()

# What a binary links to use MLIR; the plugin leaves it out (its host brings MLIR).
add_library(SparsityMLIR INTERFACE)
add_library(Sparsity::SparsityMLIR ALIAS SparsityMLIR)
separate_arguments(_sparsity_definitions NATIVE_COMMAND "${LLVM_DEFINITIONS}")
target_compile_definitions(SparsityMLIR INTERFACE ${_sparsity_definitions})
target_include_directories(SparsityMLIR SYSTEM INTERFACE
  "$<BUILD_INTERFACE:${LLVM_INCLUDE_DIRS};${MLIR_INCLUDE_DIRS}>")
target_link_libraries(SparsityMLIR INTERFACE ${SPARSITY_MLIR_LIBRARIES})
install(TARGETS SparsityMLIR EXPORT SparsityTargets)

# One precompiled header for every target: the flags must be the same everywhere.
if(SPARSITY_PCH)
  file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/SparsityPCH.cpp" CONTENT "")
  add_library(SparsityPCH OBJECT "${PROJECT_BINARY_DIR}/SparsityPCH.cpp")
  target_link_libraries(SparsityPCH PRIVATE SparsityMLIR)
  target_compile_options(SparsityPCH PRIVATE ${SPARSITY_COMPILE_OPTIONS})
  target_precompile_headers(SparsityPCH PRIVATE
    <mlir/Dialect/Arith/IR/Arith.h> <mlir/Dialect/Func/IR/FuncOps.h>
    <mlir/Dialect/GPU/IR/GPUDialect.h> <mlir/Dialect/LLVMIR/NVVMDialect.h>
    <mlir/Dialect/Linalg/IR/Linalg.h> <mlir/Dialect/MemRef/IR/MemRef.h>
    <mlir/Dialect/SCF/IR/SCF.h> <mlir/Dialect/Tensor/IR/Tensor.h>
    <mlir/Dialect/Vector/IR/VectorOps.h> <mlir/IR/BuiltinOps.h>
    <mlir/IR/PatternMatch.h> <mlir/Pass/PassManager.h>
    <mlir/Transforms/DialectConversion.h>)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    # ccache's manual, "Precompiled headers".
    target_compile_options(SparsityPCH PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
  endif()
endif()

# Flags, include paths, the MLIR dependency and the generated headers of one target.
#   NO_MLIR       the target uses the C++ standard library only
#   GENERATED...  the generated headers to wait for (default: all)
function(sparsity_configure_target name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "NO_MLIR" "" "GENERATED")
  if(NOT ARG_GENERATED)
    set(ARG_GENERATED SparsityIRIncGen SparsityTileIRIncGen SparsityPassIncGen)
  endif()
  target_compile_options(${name} PRIVATE ${SPARSITY_COMPILE_OPTIONS})
  target_compile_features(${name} PUBLIC cxx_std_17)
  target_include_directories(${name} PUBLIC
    "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>"
    "$<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/include>"
    "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
  if(ARG_NO_MLIR)
    return()
  endif()
  target_link_libraries(${name} PUBLIC
    "$<$<NOT:$<BOOL:$<TARGET_PROPERTY:SPARSITY_HOST_PROVIDES_MLIR>>>:$<TARGET_NAME:SparsityMLIR>>")
  add_dependencies(${name} ${ARG_GENERATED})
  if(SPARSITY_PCH)
    target_precompile_headers(${name} REUSE_FROM SparsityPCH)
  endif()
endfunction()

# Makes an existing library part of the package: alias, installation, export.
function(sparsity_export_library name)
  add_library(Sparsity::${name} ALIAS ${name})
  install(TARGETS ${name} EXPORT SparsityTargets
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
endfunction()

# Links those of the named libraries that this tree has.
function(sparsity_link name)
  foreach(library ${ARGN})
    if(TARGET ${library})
      target_link_libraries(${name} PUBLIC ${library})
    endif()
  endforeach()
endfunction()

# A static library of every .cpp in the current folder (and below it with RECURSE).
# NO_MLIR and GENERATED as above; LINK names the project's libraries it uses.
function(sparsity_add_library name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "NO_MLIR;RECURSE" "" "GENERATED;LINK")
  if(ARG_RECURSE)
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS *.cpp)
  else()
    file(GLOB sources CONFIGURE_DEPENDS *.cpp)
  endif()
  add_library(${name} STATIC ${sources})
  set(no_mlir)
  if(ARG_NO_MLIR)
    set(no_mlir NO_MLIR)
  endif()
  sparsity_configure_target(${name} ${no_mlir} GENERATED ${ARG_GENERATED})
  sparsity_link(${name} ${ARG_LINK})
  sparsity_export_library(${name})
endfunction()

# A tool `name` whose sources, all .cpp of the current folder, define
# `int <entry>(int argc, char **argv)`. They form an object library, `<name>-objects`,
# which the multi-call binary of the package links as well.
function(sparsity_add_tool name entry)
  cmake_parse_arguments(PARSE_ARGV 2 ARG "" "" "LINK")
  file(GLOB sources CONFIGURE_DEPENDS *.cpp)
  add_library(${name}-objects OBJECT ${sources})
  sparsity_configure_target(${name}-objects)
  sparsity_link(${name}-objects ${ARG_LINK})
  set(SPARSITY_TOOL_NAME ${name})
  set(SPARSITY_TOOL_ENTRY ${entry})
  configure_file("${PROJECT_SOURCE_DIR}/tools/cmake/ToolMain.cpp.in" "${name}-main.cpp" @ONLY)
  add_executable(${name} "${CMAKE_CURRENT_BINARY_DIR}/${name}-main.cpp")
  target_link_libraries(${name} PRIVATE ${name}-objects)
  install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  set_property(GLOBAL APPEND PROPERTY SPARSITY_TOOLS ${name})
endfunction()
