// The part of cuBLASLt that we call, declared in our own words: no header of NVIDIA is needed to
// build, and the library is opened when the first matrix product runs.
//
// Names, signatures and numbers are facts of its binary interface, the same from CUDA 11.4 to 13.1.
// They are compared with NVIDIA's headers by tests/vendor_headers.cc (of CUDA 13.1; of 11.4 to 13.0
// they were read off the bindings of cudarc 0.18.1). That a bias must be aligned to 16 bytes was
// seen by the authors of Marian (src/tensors/gpu/prod.cpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace flambeau::cuda::lt {

enum Status : int {
  kSuccess = 0,
  kNotInitialized = 1,
  kAllocFailed = 3,
  kInvalidValue = 7,
  kArchMismatch = 8,
  kMappingError = 11,
  kExecutionFailed = 13,
  kInternalError = 14,
  kNotSupported = 15,
  kLicenseError = 16
};

// cublasComputeType_t
enum Compute : int { kCompute32 = 68, kCompute32Tf32 = 77, kCompute64 = 70 };

// cudaDataType
enum Type : int { kFloat32 = 0, kFloat64 = 1, kFloat16 = 2, kBFloat16 = 14 };

// cublasOperation_t
enum Operation : int { kPlain = 0, kTransposed = 1 };

// cublasLtEpilogue_t: what is done to the sums before they are stored, or beside that. kBiasGradB
// writes the sums of the columns of op(b) to where the bias would be. Those with a relu make zeros
// of NaN (NVIDIA's developer forum, topic 329783), so they are not used.
enum Epilogue : int { kNoEpilogue = 1, kBias = 4, kBiasGradB = 512 };

// cublasLtMatmulDescAttributes_t, with the type of their values
enum MatmulAttribute : int {
  kTransposeA = 3,       // Operation
  kTransposeB = 4,       // Operation
  kEpilogue = 7,         // Epilogue
  kBiasPointer = 8,      // const void*
  kBiasBatchStride = 10  // int64_t
};

// cublasLtMatrixLayoutAttribute_t
enum LayoutAttribute : int {
  kBatchCount = 5,         // int32_t
  kStridedBatchOffset = 6  // int64_t, in elements
};

// cublasLtReductionScheme_t: how parts of a sum that are computed apart are joined; a mask of them
// says which ones may be chosen, beside not splitting the sum at all.
enum Reduction : uint32_t { kInOutput = 1, kInComputeType = 2, kInOutputType = 4 };

// cublasLtMatmulPreferenceAttributes_t
enum PreferenceAttribute : int {
  kMaxWorkspaceBytes = 1,  // uint64_t
  kReductionMask = 3,      // uint32_t, of Reduction
  kMinAlignmentA = 5,      // uint32_t, in bytes, as the next ones
  kMinAlignmentB = 6,
  kMinAlignmentC = 7,
  kMinAlignmentD = 8
};

using Handle = struct OpaqueHandle*;
using MatmulDesc = struct OpaqueMatmulDesc*;
using Layout = struct OpaqueLayout*;
using Preference = struct OpaquePreference*;

struct Algorithm {
  uint64_t data[8];
};

struct Heuristic {
  Algorithm algorithm;
  size_t workspace_bytes;
  Status state;
  float waves;
  int reserved[4];
};
static_assert(sizeof(Heuristic) == 64 + 8 + 4 + 4 + 16, "the layout of the library");

// Matrices are stored column by column, with `ld` elements from column to column. Streams are
// cudaStream_t.
struct Functions {
  Status (*create)(Handle* handle);
  size_t (*version)();
  Status (*matmul_create)(MatmulDesc* desc, Compute compute, Type scale);
  Status (*matmul_destroy)(MatmulDesc desc);
  Status (*matmul_set)(MatmulDesc desc, MatmulAttribute attribute, const void* value, size_t bytes);
  Status (*layout_create)(Layout* layout, Type type, uint64_t rows, uint64_t columns, int64_t ld);
  Status (*layout_destroy)(Layout layout);
  Status (*layout_set)(Layout layout, LayoutAttribute attribute, const void* value, size_t bytes);
  Status (*preference_create)(Preference* preference);
  Status (*preference_destroy)(Preference preference);
  Status (*preference_set)(Preference preference, PreferenceAttribute attribute, const void* value,
                           size_t bytes);
  Status (*heuristic)(Handle handle, MatmulDesc desc, Layout a, Layout b, Layout c, Layout d,
                      Preference preference, int requested, Heuristic* results, int* returned);
  // d = epilogue(alpha · op(a) · op(b) + beta · c)
  Status (*matmul)(Handle handle, MatmulDesc desc, const void* alpha, const void* a,
                   Layout a_layout, const void* b, Layout b_layout, const void* beta, const void* c,
                   Layout c_layout, void* d, Layout d_layout, const Algorithm* algorithm,
                   void* workspace, size_t workspace_bytes, void* stream);
};

// Opens the library on first use; throws Failure("ERR_DEVICE") with the remedy where there is none.
const Functions& functions();
// The file that it came from.
const std::string& path();
// The handle of a device, made on first use. Threads may share it.
Handle handle(int device);
// Throws Failure("ERR_DEVICE") that names the call.
void check(Status status, const char* what);

// On the emulated device: the same functions on the processor (emulation/fake_cublas_lt.cc).
Functions fake_functions();

}  // namespace flambeau::cuda::lt
