#pragma once

/// How a product of matrices takes an operand, and what becomes of what its result held.
namespace retrace::matrix {

enum class Op : char { plain = 'N', transposed = 'T' };
enum class Into { set, add };

}  // namespace retrace::matrix
