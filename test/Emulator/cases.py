"""Programs for the emulator: Y[m, n] = X[m, k] W[n, k]^T with an epilogue."""


def program(
    n, k, m, dtype="bf16", result="bf16", sparse=True, bias=False, residual=False, relu=False,
    transposed=False, block=None, bitmap=False, stored_dense=False, density=None, gated=False,
):  # fmt: skip
    """MLIR. `sparse`: W is 2:4 along k (1:2 in f32), or has blocks of the extents `block`, a share
    `density` of which is expected, or any elements (`bitmap`). `stored_dense`: it is stored as a
    dense tensor. `transposed`: W is stored as [k, n]. `gated`: Y is silu(Y) times a second
    product, of X and weights like W. `m` may be "?"."""
    integer = dtype == "i8"
    pattern = "1:2" if dtype == "f32" else "2:4"
    sum_type = "i32" if integer else "f32"
    axis = 0 if transposed else 1
    encoding = f", #sparsity.n_of_m<{pattern}, axis = {axis}>" if sparse else ""
    if block:
        encoding = f", #sparsity.block<{block[0]}x{block[1]}>"
    if bitmap:
        encoding = ", #sparsity.unstructured"
    if stored_dense:
        encoding = f", #sparsity.stored_dense<{encoding[2:]}>"
    hint = f" {{sparsity.density = {density} : f64}}" if density else ""
    shape = f"{k}x{n}" if transposed else f"{n}x{k}"
    x, w = f"tensor<{m}x{k}x{dtype}>", f"tensor<{shape}x{dtype}{encoding}>"
    y, out = f"tensor<{m}x{n}x{sum_type}>", f"tensor<{m}x{n}x{result}>"
    identity, along_n = "affine_map<(m, n) -> (m, n)>", "affine_map<(m, n) -> (n)>"
    arguments = [f"%x: {x}", f"%w: {w}{hint}"]
    names, types, maps = ["%y"], [y], [identity]
    inside, body, last = [f"%a: {sum_type}"], [], "%a"

    def add(name, type_, map_):
        nonlocal last
        arguments.append(f"%{name}: {type_}")
        names.append(f"%{name}")
        types.append(type_)
        maps.append(map_)
        inside.append(f"%{name}0: bf16")
        body.append(f"%{name}1 = arith.extf %{name}0 : bf16 to f32")
        body.append(f"%{name}2 = arith.addf {last}, %{name}1 : f32")
        last = f"%{name}2"

    second = ""
    if gated:
        arguments.append(f"%v: {w}")
        names.append("%g")
        types.append(y)
        maps.append(identity)
        inside.append(f"%g0: {sum_type}")
        body += [
            f"%n = arith.negf {last} : f32", "%p = math.exp %n : f32",
            "%d = arith.addf %p, %one : f32", f"%s = arith.divf {last}, %d : f32",
            "%l = arith.mulf %s, %g0 : f32",
        ]  # fmt: skip
        last = "%l"
        second = f"""  %one = arith.constant 1.0 : f32
  %g = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, PRODUCT,
                                      affine_map<(m, n, k) -> (m, n)>]
    ins(%x, %v : {x}, {w}) outs(%i : {y}) -> {y}
"""
    if bias:
        add("b", f"tensor<{n}xbf16>", along_n)
    if residual:
        add("q", f"tensor<{m}x{n}xbf16>", identity)
    if relu:
        body.append(f"%r = arith.maximumf {last}, %zero : f32")
        last = "%r"
    if integer and result != "i32":
        body.append(f"%f = arith.sitofp {last} : i32 to f32")
        last = "%f"
    if result in ("bf16", "f16"):
        body.append(f"%c = arith.truncf {last} : f32 to {result}")
        last = "%c"
    maps.append(identity)
    product = f"affine_map<(m, n, k) -> ({'k, n' if transposed else 'n, k'})>"
    dynamic = "%m" if m == "?" else ""
    size = f"  %c0 = arith.constant 0 : index\n  %m = tensor.dim %x, %c0 : {x}\n" if dynamic else ""
    lines = "\n".join(f"      {line}" for line in body)
    return f"""func.func @main({', '.join(arguments)}) -> {out} {{
  %zero = arith.constant {'0' if integer else '0.0'} : {sum_type}
{size}  %e = tensor.empty({dynamic}) : {y}
  %i = linalg.fill ins(%zero : {sum_type}) outs(%e : {y}) -> {y}
  %y = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, {product},
                                      affine_map<(m, n, k) -> (m, n)>]
    ins(%x, %w : {x}, {w}) outs(%i : {y}) -> {y}
{second.replace("PRODUCT", product)}  %o = tensor.empty({dynamic}) : {out}
  %z = linalg.generic {{indexing_maps = [{', '.join(maps)}],
                       iterator_types = ["parallel", "parallel"]}}
    ins({', '.join(names)} : {', '.join(types)}) outs(%o : {out}) {{
    ^bb0({', '.join(inside)}, %old: {result}):
{lines}
      linalg.yield {last} : {result}
  }} -> {out}
  return %z : {out}
}}
"""
