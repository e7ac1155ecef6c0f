//===- Coverage.cpp - Construction, element predicate and text of coverage ===//

#include "sparsity/Coverage/Coverage.h"

#include "IndexMath.h"

#include <algorithm>

using namespace mlir::sparsity;
using namespace mlir::sparsity::detail;

TileKind mlir::sparsity::meet(TileKind lhs, TileKind rhs) {
  return std::min(lhs, rhs);
}

TileKind mlir::sparsity::join(TileKind lhs, TileKind rhs) {
  return std::max(lhs, rhs);
}

const char *mlir::sparsity::stringifyTileKind(TileKind kind) {
  switch (kind) {
  case TileKind::Empty:
    return "empty";
  case TileKind::Partial:
    return "partial";
  case TileKind::Full:
    return "full";
  }
  return "";
}

void IndexBuffers::bind(const std::string &name, const int64_t *data,
                        int64_t size) {
  Field field;
  field.data = data;
  field.size = data ? std::max<int64_t>(size, 0) : 0;
  fields[name] = field;
}

void IndexBuffers::bind(const std::string &name,
                        const std::vector<int64_t> &values) {
  bind(name, values.data(), static_cast<int64_t>(values.size()));
}

const IndexBuffers::Field *IndexBuffers::find(const std::string &name) const {
  auto it = fields.find(name);
  return it == fields.end() ? nullptr : &it->second;
}

GroupEntries mlir::sparsity::detail::readGroup(const Coverage &listed,
                                               int64_t batch, int64_t rowGroup,
                                               const IndexBuffers &buffers) {
  GroupEntries entries;
  Wide group = rowGroup;
  if (listed.batch()) {
    if (rowGroup < 0 || rowGroup >= listed.batch()->groups) {
      return entries;
    }
    group += Wide(batch) * listed.batch()->groups;
  }
  const IndexBuffers::Field *positions = buffers.find(listed.positions());
  const IndexBuffers::Field *coordinates = buffers.find(listed.coordinates());
  if (!positions || !coordinates || group < 0 || group >= positions->size - 1) {
    return entries;
  }
  const int64_t *bounds = positions->data + static_cast<int64_t>(group);
  int64_t begin = bounds[0], end = bounds[1];
  if (begin < 0 || end < begin || end > coordinates->size) {
    return entries;
  }
  entries.readable = true;
  if (begin != end) {
    entries.begin = coordinates->data + begin;
    entries.end = coordinates->data + end;
  }
  return entries;
}

Wide mlir::sparsity::detail::firstRunEndingAfter(const Coverage &periodic,
                                                 int64_t column) {
  Wide offset = periodic.offset();
  Wide missing = Wide(column) - offset - periodic.length() + 1;
  if (missing <= 0) {
    return offset;
  }
  return offset + ceilDiv(missing, periodic.period()) * periodic.period();
}

//===----------------------------------------------------------------------===//
// Construction
//===----------------------------------------------------------------------===//

/// One struct for all kinds; what a kind does not use keeps its default, so
/// that equality and hash need no cases.
struct Coverage::Node {
  Kind kind = Kind::All;
  /// Band: row and column. Listed: group and listed. Periodic: listed in both.
  unsigned firstDim = 0, secondDim = 0;
  AffineBound lower = AffineBound::infinite();
  AffineBound upper = AffineBound::infinite();
  int64_t groupGranularity = 0, granularity = 0, period = 0, offset = 0;
  std::optional<Batch> batch;
  std::string positions, coordinates, name;
  std::function<bool(const Point &)> predicate;
  std::vector<Coverage> members;
};

Coverage::Coverage(std::shared_ptr<const Node> node) : node(std::move(node)) {}

Coverage::Coverage() {
  static const std::shared_ptr<const Node> allNode = std::make_shared<Node>();
  node = allNode;
}

Coverage Coverage::all() { return Coverage(); }

Coverage Coverage::none() { return anyOf({}); }

Coverage Coverage::unknown() { return unknown("", nullptr); }

Coverage Coverage::unknown(std::string name,
                           std::function<bool(const Point &)> contains) {
  auto result = std::make_shared<Node>();
  result->kind = Kind::Unknown;
  result->name = std::move(name);
  result->predicate = std::move(contains);
  return Coverage(std::move(result));
}

/// Drops what a bound does not use, so that equal bounds compare equal.
static AffineBound canonical(AffineBound bound) {
  if (bound.unbounded) {
    return AffineBound::infinite();
  }
  if (!bound.buffer.empty()) {
    return AffineBound::read(std::move(bound.buffer));
  }
  return bound;
}

Coverage Coverage::band(unsigned rowDim, unsigned colDim, AffineBound lo,
                        AffineBound hi) {
  if (lo.unbounded && hi.unbounded) {
    return all();
  }
  auto result = std::make_shared<Node>();
  result->kind = Kind::Band;
  result->firstDim = rowDim;
  result->secondDim = colDim;
  result->lower = canonical(std::move(lo));
  result->upper = canonical(std::move(hi));
  return Coverage(std::move(result));
}

Coverage Coverage::prefix(unsigned dim, int64_t length) {
  return band(dim, dim, AffineBound::constant(0),
              AffineBound::constant(std::max<int64_t>(length, 0) - 1));
}

Coverage Coverage::listed(unsigned groupDim, int64_t groupGranularity,
                          unsigned listedDim, int64_t granularity,
                          std::string positions, std::string coordinates) {
  if (groupGranularity < 1 || granularity < 1) {
    return unknown();
  }
  auto result = std::make_shared<Node>();
  result->kind = Kind::Listed;
  result->firstDim = groupDim;
  result->secondDim = listedDim;
  result->groupGranularity = groupGranularity;
  result->granularity = granularity;
  result->positions = std::move(positions);
  result->coordinates = std::move(coordinates);
  return Coverage(std::move(result));
}

Coverage Coverage::listed(Batch batch, unsigned groupDim,
                          int64_t groupGranularity, unsigned listedDim,
                          int64_t granularity, std::string positions,
                          std::string coordinates) {
  if (batch.groups < 1 || batch.dim == groupDim || batch.dim == listedDim) {
    return unknown();
  }
  Coverage plain = listed(groupDim, groupGranularity, listedDim, granularity,
                          std::move(positions), std::move(coordinates));
  if (plain.kind() != Kind::Listed) {
    return plain;
  }
  auto result = std::make_shared<Node>(*plain.node);
  result->batch = batch;
  return Coverage(std::move(result));
}

Coverage Coverage::periodic(unsigned listedDim, int64_t period, int64_t offset,
                            int64_t length) {
  if (period < 1) {
    return unknown();
  }
  if (length < 1) {
    return none();
  }
  auto result = std::make_shared<Node>();
  result->kind = Kind::Periodic;
  result->firstDim = result->secondDim = listedDim;
  result->granularity = std::min(length, period);
  result->period = period;
  result->offset = offset;
  return Coverage(std::move(result));
}

Coverage Coverage::combine(Kind kind, std::vector<Coverage> members) {
  std::vector<Coverage> flat;
  auto add = [&](const Coverage &member) {
    if (std::find(flat.begin(), flat.end(), member) == flat.end()) {
      flat.push_back(member);
    }
  };
  for (const Coverage &member : members) {
    if (member.kind() == kind) {
      std::for_each(member.members().begin(), member.members().end(), add);
    } else {
      add(member);
    }
  }
  const bool isMeet = kind == Kind::AllOf;
  // The absorbing element stands for the whole; the identity says nothing.
  for (const Coverage &member : flat) {
    if (isMeet ? member.isNone() : member.isAll()) {
      return member;
    }
  }
  flat.erase(std::remove_if(flat.begin(), flat.end(),
                            [&](const Coverage &member) {
                              return isMeet ? member.isAll() : member.isNone();
                            }),
             flat.end());
  if (flat.size() == 1) {
    return flat.front();
  }
  if (isMeet && flat.empty()) {
    return all();
  }
  auto result = std::make_shared<Node>();
  result->kind = kind;
  result->members = std::move(flat);
  return Coverage(std::move(result));
}

Coverage Coverage::allOf(std::vector<Coverage> members) {
  return combine(Kind::AllOf, std::move(members));
}

Coverage Coverage::anyOf(std::vector<Coverage> members) {
  return combine(Kind::AnyOf, std::move(members));
}

//===----------------------------------------------------------------------===//
// Accessors and the element predicate
//===----------------------------------------------------------------------===//

Coverage::Kind Coverage::kind() const { return node->kind; }
bool Coverage::isNone() const {
  return kind() == Kind::AnyOf && node->members.empty();
}
unsigned Coverage::rowDim() const { return node->firstDim; }
unsigned Coverage::colDim() const { return node->secondDim; }
const AffineBound &Coverage::lower() const { return node->lower; }
const AffineBound &Coverage::upper() const { return node->upper; }
unsigned Coverage::groupDim() const { return node->firstDim; }
int64_t Coverage::groupGranularity() const { return node->groupGranularity; }
const std::string &Coverage::positions() const { return node->positions; }
const std::string &Coverage::coordinates() const { return node->coordinates; }
const std::optional<Coverage::Batch> &Coverage::batch() const {
  return node->batch;
}
unsigned Coverage::listedDim() const { return node->secondDim; }
int64_t Coverage::granularity() const { return node->granularity; }
int64_t Coverage::period() const { return node->period; }
int64_t Coverage::offset() const { return node->offset; }
int64_t Coverage::length() const { return node->granularity; }
const std::vector<Coverage> &Coverage::members() const { return node->members; }
const std::string &Coverage::name() const { return node->name; }

bool Coverage::hasPredicate() const {
  if (kind() == Kind::Unknown) {
    return static_cast<bool>(node->predicate);
  }
  return std::all_of(
      node->members.begin(), node->members.end(),
      [](const Coverage &member) { return member.hasPredicate(); });
}

/// The value of `bound` at a point, or false if there is none to compare with:
/// infinite, or not known.
static bool evaluate(const AffineBound &bound, unsigned rowDim,
                     const Point &point, const IndexBuffers &buffers,
                     Wide &value) {
  if (bound.unbounded) {
    return false;
  }
  if (!bound.usesRow()) {
    value = bound.offset;
    return true;
  }
  if (rowDim >= point.size()) {
    return false;
  }
  int64_t row = point[rowDim];
  if (bound.buffer.empty()) {
    value = Wide(bound.scale) * row + bound.offset;
    return true;
  }
  const IndexBuffers::Field *field = buffers.find(bound.buffer);
  if (!field || row < 0 || row >= field->size) {
    return false;
  }
  value = field->data[row];
  return true;
}

bool Coverage::contains(const Point &point, const IndexBuffers &buffers) const {
  switch (kind()) {
  case Kind::All:
    return true;
  case Kind::Band: {
    if (colDim() >= point.size()) {
      return true;
    }
    Wide column = point[colDim()], value = 0;
    if (evaluate(lower(), rowDim(), point, buffers, value) && column < value) {
      return false;
    }
    return !evaluate(upper(), rowDim(), point, buffers, value) ||
           column <= value;
  }
  case Kind::Listed: {
    if (groupDim() >= point.size() || listedDim() >= point.size() ||
        (batch() && batch()->dim >= point.size())) {
      return true;
    }
    int64_t rowGroup =
        static_cast<int64_t>(floorDiv(point[groupDim()], groupGranularity()));
    int64_t block =
        static_cast<int64_t>(floorDiv(point[listedDim()], granularity()));
    GroupEntries entries =
        readGroup(*this, batch() ? point[batch()->dim] : 0, rowGroup, buffers);
    return !entries.readable ||
           std::find(entries.begin, entries.end, block) != entries.end;
  }
  case Kind::Periodic: {
    if (listedDim() >= point.size()) {
      return true;
    }
    Wide distance = Wide(point[listedDim()]) - offset();
    return distance >= 0 && distance % period() < length();
  }
  case Kind::AllOf:
    return std::all_of(node->members.begin(), node->members.end(),
                       [&](const Coverage &member) {
                         return member.contains(point, buffers);
                       });
  case Kind::AnyOf:
    return std::any_of(node->members.begin(), node->members.end(),
                       [&](const Coverage &member) {
                         return member.contains(point, buffers);
                       });
  case Kind::Unknown:
    return !node->predicate || node->predicate(point);
  }
  return true;
}

//===----------------------------------------------------------------------===//
// Comparison and text
//===----------------------------------------------------------------------===//

bool Coverage::operator==(const Coverage &other) const {
  if (node == other.node) {
    return true;
  }
  const Node &a = *node, &b = *other.node;
  return a.kind == b.kind && a.firstDim == b.firstDim &&
         a.secondDim == b.secondDim && a.lower == b.lower &&
         a.upper == b.upper && a.groupGranularity == b.groupGranularity &&
         a.granularity == b.granularity && a.period == b.period &&
         a.offset == b.offset && a.batch == b.batch &&
         a.positions == b.positions && a.coordinates == b.coordinates &&
         a.name == b.name &&
         static_cast<bool>(a.predicate) == static_cast<bool>(b.predicate) &&
         a.members == b.members;
}

size_t Coverage::hash() const {
  size_t seed = static_cast<size_t>(node->kind);
  auto mix = [&](size_t value) { seed = seed * 1099511628211u + value; };
  mix(node->firstDim);
  mix(node->secondDim);
  for (const AffineBound *bound : {&node->lower, &node->upper}) {
    mix(std::hash<int64_t>()(bound->scale));
    mix(std::hash<int64_t>()(bound->offset));
    mix(bound->unbounded);
    mix(std::hash<std::string>()(bound->buffer));
  }
  for (int64_t value :
       {node->groupGranularity, node->granularity, node->period, node->offset,
        node->batch ? node->batch->dim + 1 : int64_t(0),
        node->batch ? node->batch->groups : int64_t(0)}) {
    mix(std::hash<int64_t>()(value));
  }
  for (const std::string *text :
       {&node->positions, &node->coordinates, &node->name}) {
    mix(std::hash<std::string>()(*text));
  }
  for (const Coverage &member : node->members) {
    mix(member.hash());
  }
  return seed;
}

static std::string dimName(unsigned dim) { return "d" + std::to_string(dim); }

static std::string boundStr(const AffineBound &bound, unsigned rowDim,
                            const char *infinity) {
  if (bound.unbounded) {
    return infinity;
  }
  std::string row = dimName(rowDim);
  if (!bound.buffer.empty()) {
    return bound.buffer + "[" + row + "]";
  }
  if (bound.scale == 0) {
    return std::to_string(bound.offset);
  }
  std::string text =
      bound.scale == 1 ? row : std::to_string(bound.scale) + " * " + row;
  if (bound.offset == 0) {
    return text;
  }
  std::string offset = std::to_string(bound.offset);
  return text + (bound.offset < 0 ? " - " + offset.substr(1) : " + " + offset);
}

std::string Coverage::str() const {
  switch (kind()) {
  case Kind::All:
    return "all";
  case Kind::Unknown:
    return name().empty() ? "unknown" : "unknown<" + name() + ">";
  case Kind::Band:
    return "band<" + dimName(rowDim()) + ", " + dimName(colDim()) +
           ", lo = " + boundStr(lower(), rowDim(), "-inf") +
           ", hi = " + boundStr(upper(), rowDim(), "inf") + ">";
  case Kind::Listed:
    return "listed<" +
           (batch() ? dimName(batch()->dim) + " of " +
                          std::to_string(batch()->groups) + ", "
                    : std::string()) +
           dimName(groupDim()) + " by " + std::to_string(groupGranularity()) +
           ", " + dimName(listedDim()) + " by " +
           std::to_string(granularity()) + ", " + positions() + ", " +
           coordinates() + ">";
  case Kind::Periodic: {
    std::string text = "periodic<" + dimName(listedDim()) +
                       ", period = " + std::to_string(period());
    if (offset() != 0) {
      text += ", offset = " + std::to_string(offset());
    }
    if (length() != 1) {
      text += ", length = " + std::to_string(length());
    }
    return text + ">";
  }
  case Kind::AllOf:
  case Kind::AnyOf: {
    std::string text = kind() == Kind::AllOf ? "all_of<[" : "any_of<[";
    const char *separator = "";
    for (const Coverage &member : members()) {
      text += separator + member.str();
      separator = ", ";
    }
    return text + "]>";
  }
  }
  return "";
}
