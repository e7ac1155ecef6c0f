//===- Npy.cpp - Reads and writes NumPy .npy files ------------------------===//

#include "sparsity/Runtime/Npy.h"

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string_view>

#include <unistd.h>

using namespace mlir::sparsity;
using namespace mlir::sparsity::runtime;

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
              "tensors are copied to and from little-endian files as they are");

namespace {
constexpr char kMagic[] = "\x93NUMPY";
constexpr size_t kMagicBytes = 6;
/// Far above any header NumPy writes; keeps a corrupt length from allocating.
constexpr uint32_t kMaxHeaderBytes = 1 << 20;

struct CloseFile {
  void operator()(FILE *file) const { std::fclose(file); }
};
using File = std::unique_ptr<FILE, CloseFile>;

struct Header {
  std::string descr;
  bool fortranOrder = false;
  std::vector<int64_t> shape;
};

std::string systemError() { return std::strerror(errno); }

//===----------------------------------------------------------------------===//
// Header
//===----------------------------------------------------------------------===//

/// Parser of the Python dict literal that is the header: three keys in any
/// order, string, bool and tuple-of-int values.
class HeaderParser {
public:
  explicit HeaderParser(std::string_view text) : text(text) {}

  bool parse(Header &header) {
    bool hasDescr = false;
    bool hasOrder = false;
    bool hasShape = false;
    if (!consume('{')) {
      return false;
    }
    while (!consume('}')) {
      std::string key;
      if (!parseString(key) || !consume(':')) {
        return false;
      }
      if (key == "descr" && !hasDescr) {
        hasDescr = parseString(header.descr);
      } else if (key == "fortran_order" && !hasOrder) {
        hasOrder = parseBool(header.fortranOrder);
      } else if (key == "shape" && !hasShape) {
        hasShape = parseTuple(header.shape);
      } else {
        return false;
      }
      if (!consume(',')) {
        if (!consume('}')) {
          return false;
        }
        break;
      }
    }
    skipSpace();
    return text.empty() && hasDescr && hasOrder && hasShape;
  }

private:
  void skipSpace() {
    while (!text.empty() && std::strchr(" \t\r\n", text.front())) {
      text.remove_prefix(1);
    }
  }

  bool consume(char wanted) {
    skipSpace();
    if (text.empty() || text.front() != wanted) {
      return false;
    }
    text.remove_prefix(1);
    return true;
  }

  bool consumeWord(std::string_view word) {
    skipSpace();
    if (text.substr(0, word.size()) != word) {
      return false;
    }
    text.remove_prefix(word.size());
    return true;
  }

  bool parseString(std::string &result) {
    skipSpace();
    if (text.empty() || (text.front() != '\'' && text.front() != '"')) {
      return false;
    }
    size_t end = text.find(text.front(), 1);
    if (end == std::string_view::npos) {
      return false;
    }
    result = std::string(text.substr(1, end - 1));
    text.remove_prefix(end + 1);
    return true;
  }

  bool parseBool(bool &result) {
    result = consumeWord("True");
    return result || consumeWord("False");
  }

  bool parseSize(int64_t &result) {
    skipSpace();
    size_t digits = 0;
    result = 0;
    while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') {
      if (__builtin_mul_overflow(result, int64_t(10), &result) ||
          __builtin_add_overflow(result, int64_t(text[digits] - '0'),
                                 &result)) {
        return false;
      }
      ++digits;
    }
    text.remove_prefix(digits);
    return digits != 0;
  }

  bool parseTuple(std::vector<int64_t> &result) {
    if (!consume('(')) {
      return false;
    }
    while (!consume(')')) {
      int64_t size = 0;
      if (!parseSize(size)) {
        return false;
      }
      result.push_back(size);
      if (!consume(',')) {
        return consume(')');
      }
    }
    return true;
  }

  std::string_view text;
};

/// The part of a descriptor after its byte-order mark.
std::string_view getDescrBody(ElementType type) {
  switch (type) {
  case ElementType::F16:
    return "f2";
  case ElementType::F32:
    return "f4";
  case ElementType::F64:
    return "f8";
  case ElementType::BF16:
    return "u2";
  case ElementType::F8E4M3FN:
  case ElementType::F8E5M2:
    return "u1";
  case ElementType::I8:
    return "i1";
  case ElementType::I32:
    return "i4";
  case ElementType::I64:
    return "i8";
  case ElementType::I1:
    return "b1";
  }
  return "";
}

std::string getDescr(ElementType type) {
  return (getElementSize(type) == 1 ? "|" : "<") +
         std::string(getDescrBody(type));
}

bool matches(std::string_view body, ElementType type) {
  if (body == getDescrBody(type)) {
    return true;
  }
  if (type == ElementType::BF16) {
    return body == "V2";
  }
  return (type == ElementType::F8E4M3FN || type == ElementType::F8E5M2) &&
         body == "V1";
}

StatusOr<ElementType> getElementType(const std::string &path,
                                     const std::string &descr,
                                     std::optional<ElementType> expected) {
  std::string_view body = descr;
  char order = descr.empty() ? '\0' : descr[0];
  if (order == '>') {
    return Status::error("expected little-endian data in '" + path +
                         "', but got '" + descr + "'");
  }
  if (order == '<' || order == '|' || order == '=') {
    body.remove_prefix(1);
  }
  if (expected) {
    if (matches(body, *expected)) {
      return *expected;
    }
    return Status::error("expected '" + getDescr(*expected) + "' data (" +
                         std::string(getElementName(*expected)) + ") in '" +
                         path + "', but got '" + descr + "'");
  }
  // In the order of the enumeration, so f8E4M3FN comes before f8E5M2.
  for (int32_t number = 0; auto type = elementTypeFromInt(number); ++number) {
    if (matches(body, *type)) {
      return *type;
    }
  }
  return Status::error("expected data of f2, f4, f8, i1, i4, i8, b1, u1 or u2 "
                       "in '" +
                       path + "', but got '" + descr + "'");
}

/// Bytes of the tensor; false if they do not fit.
bool getByteSize(const std::vector<int64_t> &shape, ElementType type,
                 int64_t &bytes) {
  bytes = getElementSize(type);
  bool empty = false;
  for (int64_t size : shape) {
    if (size < 0) {
      return false;
    }
    empty |= size == 0;
  }
  if (empty) {
    bytes = 0;
    return true;
  }
  for (int64_t size : shape) {
    if (__builtin_mul_overflow(bytes, size, &bytes)) {
      return false;
    }
  }
  return true;
}

std::string toString(const std::vector<int64_t> &shape) {
  std::string text = "(";
  for (size_t i = 0; i < shape.size(); ++i) {
    text += (i != 0 ? ", " : "") + std::to_string(shape[i]);
  }
  return text + (shape.size() == 1 ? ",)" : ")");
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

Status truncated(const std::string &path, const char *part, uint64_t expected,
                 uint64_t got) {
  return Status::error("expected " + std::to_string(expected) + " bytes of " +
                       part + " in '" + path + "', but got " +
                       std::to_string(got));
}

StatusOr<Header> readHeader(FILE *file, const std::string &path) {
  unsigned char prefix[8] = {};
  size_t got = std::fread(prefix, 1, sizeof(prefix), file);
  if (got >= kMagicBytes && std::memcmp(prefix, kMagic, kMagicBytes) != 0) {
    return Status::error("expected '" + path +
                         "' to start with the magic string of a .npy file, "
                         "but got other bytes");
  }
  if (got < sizeof(prefix)) {
    return truncated(path, "magic string and version", sizeof(prefix), got);
  }
  int version = prefix[6];
  if (version != 1 && version != 2) {
    return Status::error("expected version 1 or 2 of the .npy format in '" +
                         path + "', but got " + std::to_string(version) + "." +
                         std::to_string(prefix[7]));
  }
  unsigned char lengthBytes[4] = {};
  size_t lengthSize = version == 1 ? 2 : 4;
  got = std::fread(lengthBytes, 1, lengthSize, file);
  if (got != lengthSize) {
    return truncated(path, "header length", lengthSize, got);
  }
  uint32_t length = 0;
  std::memcpy(&length, lengthBytes, sizeof(length));
  if (length > kMaxHeaderBytes) {
    return Status::error("expected a header of at most " +
                         std::to_string(kMaxHeaderBytes) + " bytes in '" +
                         path + "', but got " + std::to_string(length));
  }
  std::string text(length, '\0');
  got = std::fread(text.data(), 1, length, file);
  if (got != length) {
    return truncated(path, "header", length, got);
  }
  Header header;
  if (!HeaderParser(text).parse(header)) {
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) {
      text.pop_back();
    }
    return Status::error("expected a header with descr, fortran_order and "
                         "shape in '" +
                         path + "', but got \"" + text + "\"");
  }
  return header;
}

/// Bytes between the read position and the end; negative if not seekable.
int64_t getRemainingBytes(FILE *file) {
  off_t here = ftello(file);
  if (here < 0 || fseeko(file, 0, SEEK_END) != 0) {
    return -1;
  }
  off_t end = ftello(file);
  if (end < 0 || fseeko(file, here, SEEK_SET) != 0) {
    return -1;
  }
  return end - here;
}
} // namespace

StatusOr<NpyArray> runtime::readNpy(const std::string &path,
                                    std::optional<ElementType> expected) {
  File file(std::fopen(path.c_str(), "rb"));
  if (!file) {
    return Status::error("expected a readable file '" + path + "', but got " +
                         systemError());
  }
  StatusOr<Header> header = readHeader(file.get(), path);
  if (!header.ok()) {
    return header.status();
  }
  if (header->fortranOrder) {
    return Status::error("expected C order in '" + path +
                         "', but got fortran_order: True (save it through "
                         "numpy.ascontiguousarray)");
  }
  StatusOr<ElementType> type = getElementType(path, header->descr, expected);
  if (!type.ok()) {
    return type.status();
  }
  NpyArray array;
  array.elementType = *type;
  array.shape = std::move(header->shape);
  int64_t bytes = 0;
  if (!getByteSize(array.shape, *type, bytes)) {
    return Status::error("expected a tensor of less than 2^63 bytes in '" +
                         path + "', but got shape " + toString(array.shape) +
                         " of " + std::string(getElementName(*type)));
  }
  // Checked before allocating, so that a corrupt shape cannot ask for memory
  // that the file does not fill.
  int64_t remaining = getRemainingBytes(file.get());
  if (remaining < 0) {
    return Status::error("expected a regular file '" + path +
                         "', but got one that cannot seek");
  }
  if (remaining != bytes) {
    return truncated(path, "data", bytes, remaining);
  }
  array.data.resize(bytes);
  if (bytes != 0) {
    size_t got = std::fread(array.data.data(), 1, bytes, file.get());
    if (got != static_cast<size_t>(bytes)) {
      return truncated(path, "data", bytes, got);
    }
  }
  return array;
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

/// Magic, version 1.0, length and dict, padded so that the data start at a
/// multiple of 64 bytes.
static std::string makeHeader(ElementType type,
                              const std::vector<int64_t> &shape) {
  constexpr size_t kPrefixBytes = 10;
  constexpr size_t kAlignment = 64;
  std::string text = "{'descr': '" + getDescr(type) +
                     "', 'fortran_order': False, 'shape': " + toString(shape) +
                     ", }";
  size_t unpadded = kPrefixBytes + text.size() + 1;
  text.append((kAlignment - unpadded % kAlignment) % kAlignment, ' ');
  text += '\n';
  std::string header(kMagic, kMagicBytes);
  header += '\x01';
  header += '\x00';
  header += static_cast<char>(text.size() & 0xff);
  header += static_cast<char>(text.size() >> 8);
  return header + text;
}

Status runtime::writeNpy(const std::string &path, ElementType elementType,
                         const std::vector<int64_t> &shape, const void *data) {
  int64_t bytes = 0;
  if (!getByteSize(shape, elementType, bytes)) {
    return Status::error("expected sizes of a tensor of less than 2^63 bytes "
                         "for '" +
                         path + "', but got shape " + toString(shape));
  }
  std::string header = makeHeader(elementType, shape);
  if (header.size() > 0xffff) {
    return Status::error("expected a shape that fits the header of '" + path +
                         "', but got rank " + std::to_string(shape.size()));
  }
  static std::atomic<uint64_t> serial{0};
  std::string temporary = path + ".tmp." + std::to_string(getpid()) + "." +
                          std::to_string(serial.fetch_add(1));
  File file(std::fopen(temporary.c_str(), "wbx"));
  if (!file) {
    return Status::error("expected a writable file '" + path + "', but got " +
                         systemError());
  }
  bool written = std::fwrite(header.data(), 1, header.size(), file.get()) ==
                     header.size() &&
                 (bytes == 0 || std::fwrite(data, 1, bytes, file.get()) ==
                                    static_cast<size_t>(bytes)) &&
                 std::fflush(file.get()) == 0 && fsync(fileno(file.get())) == 0;
  std::string reason = written ? "" : systemError();
  if (std::fclose(file.release()) != 0 && written) {
    written = false;
    reason = systemError();
  }
  if (written && std::rename(temporary.c_str(), path.c_str()) != 0) {
    written = false;
    reason = systemError();
  }
  if (!written) {
    std::remove(temporary.c_str());
    return Status::error("expected to write " +
                         std::to_string(header.size() + bytes) + " bytes to '" +
                         path + "', but got " + reason);
  }
  return Status::success();
}
