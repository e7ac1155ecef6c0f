# Makes the imported LLVM and MLIR targets of a distribution usable, shared or static.
#
# Used by the project's own build and, installed, by SparsityConfig.cmake. Reads
# SPARSITY_STATIC and SPARSITY_PACKAGE; call after find_package(MLIR).

set(SPARSITY_LLVM_COMPONENTS
  AggressiveInstCombine Analysis AsmParser AsmPrinter BinaryFormat BitReader BitWriter
  CGData CodeGen CodeGenTypes Core Coroutines DebugInfoDWARF Demangle ExecutionEngine
  FrontendOffloading FrontendOpenMP GlobalISel IRPrinter IRReader InstCombine
  Instrumentation JITLink Linker MC MCParser NVPTXCodeGen NVPTXDesc NVPTXInfo Object
  ObjCopy OrcDebugging OrcJIT OrcShared OrcTargetProcess Passes PerfJITEvents
  ProfileData Remarks RuntimeDyld ScalarOpts SelectionDAG Support Target TargetParser
  TransformUtils Vectorize X86AsmParser X86CodeGen X86Desc X86Info ipo)

set(SPARSITY_MLIR_COMPONENTS
  MLIRAffineAnalysis MLIRAffineDialect MLIRAffineToStandard MLIRAffineTransforms
  MLIRAffineUtils MLIRAnalysis MLIRArithDialect MLIRArithToLLVM MLIRArithTransforms
  MLIRArithUtils MLIRArithValueBoundsOpInterfaceImpl MLIRAsmParser
  MLIRBufferizationDialect MLIRBufferizationTransforms MLIRBuiltinToLLVMIRTranslation
  MLIRControlFlowDialect MLIRControlFlowToLLVM MLIRControlFlowTransforms
  MLIRConvertToLLVMPass MLIRDLTIDialect MLIRExecutionEngine MLIRExecutionEngineUtils
  MLIRFuncAllExtensions MLIRFuncDialect MLIRFuncInlinerExtension MLIRFuncToLLVM
  MLIRFuncTransforms MLIRGPUDialect MLIRGPUPipelines MLIRGPUToGPURuntimeTransforms
  MLIRGPUToLLVMIRTranslation MLIRGPUToNVVMTransforms MLIRGPUTransforms MLIRIR
  MLIRIndexDialect MLIRIndexToLLVM MLIRLLVMDialect MLIRLLVMIRTransforms
  MLIRLLVMToLLVMIRTranslation MLIRLinalgDialect MLIRLinalgTransforms MLIRLinalgUtils
  MLIRMathDialect MLIRMathToLLVM MLIRMathTransforms MLIRMemRefDialect MLIRMemRefToLLVM
  MLIRMemRefTransforms MLIRMemRefUtils MLIRNVGPUDialect MLIRNVGPUToNVVM
  MLIRNVGPUTransforms MLIRNVVMDialect MLIRNVVMTarget MLIRNVVMToLLVM
  MLIRNVVMToLLVMIRTranslation MLIROptLib MLIRParser MLIRPass
  MLIRReconcileUnrealizedCasts MLIRRemarkStreamer MLIRSCFDialect MLIRSCFToControlFlow
  MLIRSCFTransforms MLIRSCFUtils MLIRSparseTensorDialect MLIRSupport
  MLIRTargetLLVMIRExport MLIRTensorDialect
  MLIRTensorInferTypeOpInterfaceImpl MLIRTensorTilingInterfaceImpl MLIRTensorTransforms
  MLIRTensorUtils MLIRTransformUtils MLIRTransforms MLIRTranslateLib MLIRUBDialect
  MLIRUBToLLVM MLIRVectorDialect MLIRVectorToLLVM MLIRVectorToLLVMPass MLIRVectorToSCF
  MLIRVectorTransforms MLIRVectorUtils)

# LLVMConfig.cmake looks for zstd without REQUIRED, yet LLVMSupport names its target.
macro(_sparsity_import_compression)
  if(NOT TARGET zstd::libzstd_shared)
    find_library(SPARSITY_ZSTD_LIBRARY NAMES zstd libzstd.so.1 REQUIRED)
    add_library(zstd::libzstd_shared UNKNOWN IMPORTED)
    set_target_properties(zstd::libzstd_shared PROPERTIES
      IMPORTED_LOCATION "${SPARSITY_ZSTD_LIBRARY}")
  endif()
  if(SPARSITY_PACKAGE)
    find_library(SPARSITY_ZSTD_ARCHIVE NAMES libzstd.a REQUIRED)
    find_library(SPARSITY_Z_ARCHIVE NAMES libz.a REQUIRED)
    foreach(property IMPORTED_LOCATION IMPORTED_LOCATION_RELEASE IMPORTED_LOCATION_NONE)
      set_target_properties(zstd::libzstd_shared PROPERTIES
        ${property} "${SPARSITY_ZSTD_ARCHIVE}")
      set_target_properties(ZLIB::ZLIB PROPERTIES ${property} "${SPARSITY_Z_ARCHIVE}")
    endforeach()
  endif()
endmacro()

# Debian configures LLVM with LLVM_LINK_LLVM_DYLIB: every static MLIR archive names
# libLLVM.so as its dependency. The static build puts the components in its place.
function(_sparsity_make_static)
  set(components)
  foreach(component ${SPARSITY_LLVM_COMPONENTS})
    if(NOT TARGET LLVM${component})
      message(FATAL_ERROR "expected LLVM to export LLVM${component}, but got no such target")
    endif()
    list(APPEND components LLVM${component})
  endforeach()
  add_library(SparsityLLVMStatic INTERFACE IMPORTED GLOBAL)
  target_link_libraries(SparsityLLVMStatic INTERFACE ${components})
  foreach(target ${MLIR_EXPORTED_TARGETS})
    if(NOT TARGET ${target})
      continue()
    endif()
    get_target_property(type ${target} TYPE)
    get_target_property(libraries ${target} INTERFACE_LINK_LIBRARIES)
    if(NOT type STREQUAL "STATIC_LIBRARY" OR NOT libraries)
      continue()
    endif()
    list(REMOVE_ITEM libraries MLIR)
    list(TRANSFORM libraries REPLACE "^LLVM$" SparsityLLVMStatic)
    list(TRANSFORM libraries REPLACE "^\\$<LINK_ONLY:LLVM>$" SparsityLLVMStatic)
    set_target_properties(${target} PROPERTIES INTERFACE_LINK_LIBRARIES "${libraries}")
  endforeach()
  # Only LLVM's SMT solver interface uses z3, and nothing here uses that.
  get_target_property(libraries LLVMSupport INTERFACE_LINK_LIBRARIES)
  list(FILTER libraries EXCLUDE REGEX "libz3")
  set_target_properties(LLVMSupport PROPERTIES INTERFACE_LINK_LIBRARIES "${libraries}")
endfunction()

# Sets SPARSITY_MLIR_LIBRARIES to what a binary links.
macro(sparsity_import_llvm)
  _sparsity_import_compression()
  if(SPARSITY_STATIC)
    _sparsity_make_static()
    foreach(target ${SPARSITY_MLIR_COMPONENTS})
      if(NOT TARGET ${target})
        message(FATAL_ERROR "expected MLIR to export ${target}, but got no such target")
      endif()
    endforeach()
    set(SPARSITY_MLIR_LIBRARIES ${SPARSITY_MLIR_COMPONENTS} SparsityLLVMStatic)
  else()
    set(SPARSITY_MLIR_LIBRARIES MLIR LLVM)
  endif()
endmacro()
