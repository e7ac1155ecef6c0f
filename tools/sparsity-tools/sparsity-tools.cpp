//===- sparsity-tools.cpp - all tools in one binary -----------------------===//
//
// The name under which the program is called picks the tool: the package holds
// symbolic links. `sparsity-tools <tool> <arguments>` works as well.
//
//===----------------------------------------------------------------------===//

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/raw_ostream.h"

int sparsityOptMain(int argc, char **argv);
int sparsityTranslateMain(int argc, char **argv);
int sparsityRunMain(int argc, char **argv);

namespace {
struct Tool {
  llvm::StringLiteral name;
  int (*entry)(int, char **);
};
} // namespace

static constexpr Tool tools[] = {
    {llvm::StringLiteral("sparsity-opt"), sparsityOptMain},
    {llvm::StringLiteral("sparsity-translate"), sparsityTranslateMain},
    {llvm::StringLiteral("sparsity-run"), sparsityRunMain},
};

/// The tool called `path`, without its folder; null if there is none.
static const Tool *findTool(llvm::StringRef path) {
  llvm::StringRef name = path.substr(path.rfind('/') + 1);
  for (const Tool &tool : tools) {
    if (tool.name == name) {
      return &tool;
    }
  }
  return nullptr;
}

int main(int argc, char **argv) {
  if (argc > 0) {
    if (const Tool *tool = findTool(argv[0])) {
      return tool->entry(argc, argv);
    }
  }
  if (argc > 1) {
    if (const Tool *tool = findTool(argv[1])) {
      return tool->entry(argc - 1, argv + 1);
    }
  }
  llvm::errs() << "error: expected a tool's name (sparsity-opt, "
                  "sparsity-translate or sparsity-run), but got '"
               << (argc > 1 ? argv[1] : "") << "'\n";
  return 1;
}
