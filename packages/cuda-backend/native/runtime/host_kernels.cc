// The kernels that the processor runs for a GPU, on copies. The page docs/gpu.md shows this list,
// and cuda.hostOperations() returns it.
#include "kernels.h"

namespace flambeau::cuda {

namespace {

constexpr const char* kDecomposition =
    "LAPACK decomposes matrices in many small steps that depend on each other; a GPU gains from "
    "thousands of rows on";
constexpr const char* kSolution = "it follows a decomposition, which the processor makes";
constexpr const char* kExponential =
    "scaling, a quotient of polynomials by a decomposition, and squaring, each as the norm demands";
constexpr const char* kPicture =
    "pictures are prepared one by one, beside the training, before they become a batch on the GPU";

}  // namespace

const std::vector<HostKernel>& host_kernels() {
  static const auto* all = new std::vector<HostKernel>{
      {"cholesky", kDecomposition}, {"luFactor", kDecomposition},   {"qr", kDecomposition},
      {"orgqr", kDecomposition},    {"eigh", kDecomposition},       {"eig", kDecomposition},
      {"svd", kDecomposition},      {"pinv", kDecomposition},       {"det", kDecomposition},
      {"slogdet", kDecomposition},  {"inverse", kSolution},         {"solve", kSolution},
      {"choleskySolve", kSolution}, {"solveTriangular", kSolution}, {"matrixExp", kExponential},
      {"image_table", kPicture},    {"image_recolour", kPicture},   {"image_gif", kPicture},
      {"image_resize", kPicture},   {"image_warp", kPicture},
  };
  return *all;
}

}  // namespace flambeau::cuda
