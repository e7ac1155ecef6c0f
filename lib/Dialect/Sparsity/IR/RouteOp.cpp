//===- RouteOp.cpp - the verifier of `sparsity.route` ---------------------===//

#include "sparsity/Dialect/Sparsity/IR/Sparsity.h"

#include "llvm/ADT/SmallString.h"

using namespace mlir;
using namespace mlir::sparsity;

int64_t RouteOp::getTopK() {
  auto type = cast<RankedTensorType>(getResult().getType());
  return cast<GateAttr>(type.getEncoding()).getTopK();
}

LogicalResult RouteOp::verify() {
  auto logits = cast<RankedTensorType>(getLogits().getType());
  auto result = cast<RankedTensorType>(getResult().getType());
  // route_c1
  if (logits.getEncoding()) {
    return emitOpError() << "expected logits without an encoding, but got "
                         << logits;
  }
  // route_c2
  if (!isa_and_present<GateAttr>(result.getEncoding())) {
    return emitOpError() << "expected a result with a gate encoding, but got "
                         << result;
  }
  // route_c3
  if (logits.getShape() != result.getShape()) {
    return emitOpError() << "expected a result with the shape of the logits "
                         << logits << ", but got " << result;
  }
  // route_c4
  if (!isa<Float16Type, BFloat16Type, Float32Type>(logits.getElementType())) {
    return emitOpError()
           << "expected logits with an element type among f16, bf16, f32, but "
              "got "
           << logits.getElementType();
  }
  if (getBias()) {
    // route_c5
    auto expected = RankedTensorType::get(
        {logits.getDimSize(1)}, Float32Type::get(logits.getContext()));
    if (getBias().getType() != expected) {
      return emitOpError() << "expected a bias of type " << expected
                           << ", but got " << getBias().getType();
    }
    // route_c6
    if (getScore() != RouteScore::Sigmoid) {
      return emitOpError() << "expected score(sigmoid) with a bias, but got "
                              "score("
                           << stringifyRouteScore(getScore()) << ")";
    }
  }
  // route_c7
  if (getOrder() == RouteOrder::After && getScore() != RouteScore::Softmax) {
    return emitOpError()
           << "expected score(softmax) with order(after), but got score("
           << stringifyRouteScore(getScore()) << ")";
  }
  // route_c8
  if (std::optional<APFloat> scale = getScale(); scale && !scale->isFinite()) {
    SmallString<16> value;
    scale->toString(value);
    return emitOpError() << "expected a finite scale, but got " << value;
  }
  return success();
}
