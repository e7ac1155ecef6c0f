# Lets a tree that lacks some dialects or passes configure, build and link.
#
# What is missing is named in the configure log. Everything below is inert in a
# complete tree.

# Adds the folder `directory`, which defines `target`, if it holds `file`; otherwise
# defines an empty `target`. A file that appears later triggers a new configure.
function(sparsity_subdirectory_or_target directory file target)
  file(GLOB found CONFIGURE_DEPENDS "${directory}/${file}" "${directory}/CMakeLists.txt")
  list(LENGTH found count)
  if(count EQUAL 2)
    add_subdirectory(${directory})
  else()
    message(STATUS "Sparsity: skipped ${target}: no ${file} in include/${directory}")
    add_custom_target(${target})
  endif()
endfunction()

# Sets `result` to whether every source that `directory`/CMakeLists.txt names exists.
function(sparsity_has_listed_sources directory result)
  set(${result} FALSE PARENT_SCOPE)
  file(GLOB list_file CONFIGURE_DEPENDS "${directory}/CMakeLists.txt")
  file(GLOB_RECURSE present CONFIGURE_DEPENDS "${directory}/*.cpp")
  if(NOT list_file)
    return()
  endif()
  file(STRINGS "${list_file}" sources REGEX "^ +[A-Za-z/]+\\.cpp")
  foreach(source ${sources})
    string(STRIP "${source}" source)
    if(NOT EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/${directory}/${source}")
      message(STATUS "Sparsity: skipped lib/${directory}: no ${source}")
      return()
    endif()
  endforeach()
  set(${result} TRUE PARENT_SCOPE)
endfunction()

# Sets `present` and `missing` to the passes of `td` that some file of lib/ implements
# and to those that none does.
function(_sparsity_find_passes td present missing)
  set(found)
  set(absent)
  file(STRINGS "${PROJECT_SOURCE_DIR}/include/${td}" definitions REGEX "^def [A-Za-z0-9]+Pass")
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/lib/*.cpp")
  foreach(definition ${definitions})
    string(REGEX REPLACE "^def ([A-Za-z0-9]+).*" "\\1" pass "${definition}")
    string(TOUPPER "GEN_PASS_DEF_${pass}" macro)
    set(implemented FALSE)
    foreach(source ${sources})
      file(STRINGS "${source}" lines REGEX "define ${macro}$" LIMIT_COUNT 1)
      if(lines)
        set(implemented TRUE)
        break()
      endif()
    endforeach()
    if(implemented)
      list(APPEND found ${pass})
    else()
      list(APPEND absent ${pass})
    endif()
  endforeach()
  set(${present} ${found} PARENT_SCOPE)
  set(${missing} ${absent} PARENT_SCOPE)
endfunction()

# In a partial tree, replaces Registration.cpp of `target` by one that registers what
# there is, and lets binaries link with the rest undefined.
function(sparsity_complete_registration target)
  set(calls)
  set(includes)
  set(missing)
  foreach(entry
      "sparsity/Dialect/Sparsity/Transforms|sparsity"
      "sparsity/Dialect/SparseTile/Transforms|sparse_tile"
      "sparsity/Conversion|sparsity")
    string(REPLACE "|" ";" entry "${entry}")
    list(GET entry 0 folder)
    list(GET entry 1 namespace)
    if(NOT EXISTS "${PROJECT_SOURCE_DIR}/include/${folder}/Passes.td"
        OR NOT EXISTS "${PROJECT_SOURCE_DIR}/include/${folder}/Passes.h")
      list(APPEND missing "${folder}/Passes.h")
      continue()
    endif()
    _sparsity_find_passes("${folder}/Passes.td" found absent)
    list(APPEND missing ${absent})
    string(APPEND includes "#include \"${folder}/Passes.h\"\n")
    foreach(pass ${found})
      string(APPEND calls "  ${namespace}::register${pass}();\n")
    endforeach()
  endforeach()
  set(dialects "  registry.insert<SparsityDialect>();\n")
  if(TARGET SparsityTileDialect)
    string(APPEND includes "#include \"sparsity/Dialect/SparseTile/IR/SparseTile.h\"\n")
    string(APPEND dialects "  registry.insert<sparse_tile::SparseTileDialect>();\n")
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/lib/Dialect/SparseTile/*.cpp")
    set(model registerBufferizableOpInterfaceExternalModels)
    foreach(source ${sources})
      file(STRINGS "${source}" lines REGEX "${model}\\($" LIMIT_COUNT 1)
      file(STRINGS "${source}" more REGEX "${model}\\(D" LIMIT_COUNT 1)
      if(lines OR more)
        string(APPEND dialects "  sparse_tile::${model}(registry);\n")
        break()
      endif()
    endforeach()
    if(NOT dialects MATCHES ${model})
      list(APPEND missing "sparse_tile::${model}")
    endif()
  else()
    list(APPEND missing SparseTileDialect)
  endif()
  if(TARGET SparsityAnalysis)
    string(APPEND includes "#include \"sparsity/Analysis/IterationDomain.h\"\n")
    string(APPEND dialects "  registerTileableComputeOpExternalModels(registry);\n")
  else()
    list(APPEND missing SparsityAnalysis)
  endif()
  file(GLOB pipelines CONFIGURE_DEPENDS Pipelines.cpp)
  set(functions)
  if(NOT pipelines)
    list(APPEND missing Pipelines.cpp)
    set(functions "void sparsity::registerSparsityPipelines() {}\n")
  endif()
  if(NOT missing)
    return()
  endif()
  list(JOIN missing ", " names)
  message(STATUS "Sparsity: partial tree, registered without: ${names}")
  file(CONFIGURE OUTPUT PartialRegistration.cpp CONTENT [[
#include "sparsity/Pipelines/Pipelines.h"
#include "sparsity/Analysis/IterationDomain.h"
#include "sparsity/Dialect/Sparsity/IR/Sparsity.h"
@includes@
#include "mlir/IR/DialectRegistry.h"
using namespace mlir;
void sparsity::registerSparsityDialects(DialectRegistry &registry) {
@dialects@  registerTileableComputeOpExternalModels(registry);
}
void sparsity::registerSparsityPasses() {
@calls@}
@functions@]] @ONLY)
  get_target_property(sources ${target} SOURCES)
  list(FILTER sources EXCLUDE REGEX "/Registration\\.cpp$")
  set_target_properties(${target} PROPERTIES SOURCES "${sources}")
  target_sources(${target} PRIVATE "${CMAKE_CURRENT_BINARY_DIR}/PartialRegistration.cpp")
  target_link_options(${target} INTERFACE -Wl,--unresolved-symbols=ignore-all)
endfunction()
