# Picks the compiler, the linker and ccache of this machine; the presets use it.
# What the user names (-DCMAKE_CXX_COMPILER=..., $CXX) is left alone.

if(NOT DEFINED CMAKE_CXX_COMPILER AND NOT DEFINED ENV{CXX})
  find_program(SPARSITY_CLANGXX NAMES clang++-22)
  find_program(SPARSITY_CLANG NAMES clang-22)
  if(SPARSITY_CLANGXX AND SPARSITY_CLANG)
    set(CMAKE_CXX_COMPILER "${SPARSITY_CLANGXX}")
    set(CMAKE_C_COMPILER "${SPARSITY_CLANG}")
  endif()
endif()

find_program(SPARSITY_LLD NAMES ld.lld HINTS /usr/lib/llvm-22/bin)
if(SPARSITY_LLD)
  foreach(kind EXE SHARED MODULE)
    set(CMAKE_${kind}_LINKER_FLAGS_INIT "-fuse-ld=lld")
  endforeach()
endif()

find_program(SPARSITY_CCACHE NAMES ccache)
if(SPARSITY_CCACHE)
  # ccache's manual, "Precompiled headers": both are needed to hit with a PCH.
  set(CMAKE_CXX_COMPILER_LAUNCHER
    "${CMAKE_COMMAND};-E;env;CCACHE_SLOPPINESS=pch_defines,time_macros;${SPARSITY_CCACHE}")
  set(CMAKE_C_COMPILER_LAUNCHER "${SPARSITY_CCACHE}")
endif()
