// Compares what we declare of NVIDIA's libraries with NVIDIA's own headers: values, layouts of
// structures, and the type of every function. There is nothing to run: what differs does not
// compile. Built where FLAMBEAU_VENDOR_INCLUDE names the folders of those headers (cuDNN's of
// version 9).
#include <cublasLt.h>
#include <cudnn_cnn.h>
#include <cudnn_graph.h>
#include <cudnn_ops.h>
#include <nvrtc.h>

#include <cstddef>
#include <type_traits>

#include "libraries/cublas_lt.h"
#include "libraries/cudnn.h"
#include "libraries/cudnn_graph.h"
#include "libraries/nvrtc.h"

namespace flambeau::cuda {

namespace {

// The vendor's types that a type of ours stands for.
template <class... T>
struct Types {};

template <class Ours>
struct Named {
  using List = Types<Ours>;
};

#define FLAMBEAU_STANDS_FOR(ours, ...) \
  template <>                          \
  struct Named<ours> {                 \
    using List = Types<__VA_ARGS__>;   \
  }

FLAMBEAU_STANDS_FOR(lt::Status, cublasStatus_t);
FLAMBEAU_STANDS_FOR(lt::Compute, cublasComputeType_t);
FLAMBEAU_STANDS_FOR(lt::Type, cudaDataType);
FLAMBEAU_STANDS_FOR(lt::MatmulAttribute, cublasLtMatmulDescAttributes_t);
FLAMBEAU_STANDS_FOR(lt::LayoutAttribute, cublasLtMatrixLayoutAttribute_t);
FLAMBEAU_STANDS_FOR(lt::PreferenceAttribute, cublasLtMatmulPreferenceAttributes_t);
FLAMBEAU_STANDS_FOR(lt::Handle, cublasLtHandle_t);
FLAMBEAU_STANDS_FOR(lt::MatmulDesc, cublasLtMatmulDesc_t);
FLAMBEAU_STANDS_FOR(lt::Layout, cublasLtMatrixLayout_t);
FLAMBEAU_STANDS_FOR(lt::Preference, cublasLtMatmulPreference_t);
FLAMBEAU_STANDS_FOR(lt::Algorithm, cublasLtMatmulAlgo_t);
FLAMBEAU_STANDS_FOR(lt::Heuristic, cublasLtMatmulHeuristicResult_t);

FLAMBEAU_STANDS_FOR(dnn::Status, cudnnStatus_t);
FLAMBEAU_STANDS_FOR(dnn::Type, cudnnDataType_t);
FLAMBEAU_STANDS_FOR(dnn::Format, cudnnTensorFormat_t);
FLAMBEAU_STANDS_FOR(dnn::Mode, cudnnConvolutionMode_t);
FLAMBEAU_STANDS_FOR(dnn::Math, cudnnMathType_t);
FLAMBEAU_STANDS_FOR(dnn::Activation, cudnnActivationMode_t);
FLAMBEAU_STANDS_FOR(dnn::NanPropagation, cudnnNanPropagation_t);
FLAMBEAU_STANDS_FOR(dnn::Determinism, cudnnDeterminism_t);
FLAMBEAU_STANDS_FOR(dnn::Handle, cudnnHandle_t);
FLAMBEAU_STANDS_FOR(dnn::TensorDesc, cudnnTensorDescriptor_t);
FLAMBEAU_STANDS_FOR(dnn::FilterDesc, cudnnFilterDescriptor_t);
FLAMBEAU_STANDS_FOR(dnn::ConvolutionDesc, cudnnConvolutionDescriptor_t);
FLAMBEAU_STANDS_FOR(dnn::ActivationDesc, cudnnActivationDescriptor_t);
FLAMBEAU_STANDS_FOR(dnn::Candidate, cudnnConvolutionFwdAlgoPerf_t,
                    cudnnConvolutionBwdDataAlgoPerf_t, cudnnConvolutionBwdFilterAlgoPerf_t);
// Algorithms of convolutions are plain numbers of ours.
FLAMBEAU_STANDS_FOR(int, int, cudnnConvolutionFwdAlgo_t, cudnnConvolutionBwdDataAlgo_t,
                    cudnnConvolutionBwdFilterAlgo_t);

FLAMBEAU_STANDS_FOR(dnn::graph::DescriptorType, cudnnBackendDescriptorType_t);
FLAMBEAU_STANDS_FOR(dnn::graph::Attribute, cudnnBackendAttributeName_t);
FLAMBEAU_STANDS_FOR(dnn::graph::ValueType, cudnnBackendAttributeType_t);

FLAMBEAU_STANDS_FOR(nvrtc::Result, nvrtcResult);
FLAMBEAU_STANDS_FOR(nvrtc::Program, nvrtcProgram);

#undef FLAMBEAU_STANDS_FOR

template <class Theirs, class... T>
constexpr bool contains(Types<T...>) {
  return (std::is_same_v<T, Theirs> || ...);
}

template <class Ours, class Theirs>
constexpr bool stands_for() {
  if constexpr (contains<Theirs>(typename Named<Ours>::List{})) {
    return sizeof(Ours) == sizeof(Theirs) && alignof(Ours) == alignof(Theirs);
  } else if constexpr (std::is_same_v<Ours, void*> && std::is_same_v<Theirs, cudaStream_t>) {
    return true;
  } else if constexpr (std::is_pointer_v<Ours> && std::is_pointer_v<Theirs>) {
    using To = std::remove_pointer_t<Ours>;
    using There = std::remove_pointer_t<Theirs>;
    if constexpr (std::is_void_v<To> || std::is_void_v<There>)
      return std::is_same_v<To, There>;
    else
      return std::is_const_v<To> == std::is_const_v<There> &&
             stands_for<std::remove_const_t<To>, std::remove_const_t<There>>();
  } else {
    return false;
  }
}

template <class Ours, class Theirs>
constexpr bool same_result() {
  if constexpr (std::is_void_v<Ours> || std::is_void_v<Theirs>)
    return std::is_same_v<Ours, Theirs>;
  else
    return stands_for<Ours, Theirs>();
}

template <class Ours, class Theirs>
struct SameCall : std::false_type {};
template <class R, class... P, class VendorR, class... VendorP>
requires(sizeof...(P) == sizeof...(VendorP)) struct SameCall<R (*)(P...), VendorR (*)(VendorP...)>
    : std::bool_constant<same_result<R, VendorR>() && (stands_for<P, VendorP>() && ...)> {
};

#define FLAMBEAU_SAME_CALL(ours, theirs) \
  static_assert(SameCall<decltype(Functions::ours), decltype(&::theirs)>::value, #theirs)
#define FLAMBEAU_SAME_VALUE(ours, theirs) \
  static_assert(static_cast<long>(ours) == static_cast<long>(::theirs), #theirs)
#define FLAMBEAU_SAME_FIELD(ours, field, theirs, there)                                           \
  static_assert(offsetof(ours, field) == offsetof(::theirs, there) &&                             \
                    sizeof(std::declval<ours>().field) == sizeof(std::declval<::theirs>().there), \
                #theirs "." #there)

}  // namespace

namespace lt {

FLAMBEAU_SAME_VALUE(kSuccess, CUBLAS_STATUS_SUCCESS);
FLAMBEAU_SAME_VALUE(kNotInitialized, CUBLAS_STATUS_NOT_INITIALIZED);
FLAMBEAU_SAME_VALUE(kAllocFailed, CUBLAS_STATUS_ALLOC_FAILED);
FLAMBEAU_SAME_VALUE(kInvalidValue, CUBLAS_STATUS_INVALID_VALUE);
FLAMBEAU_SAME_VALUE(kArchMismatch, CUBLAS_STATUS_ARCH_MISMATCH);
FLAMBEAU_SAME_VALUE(kMappingError, CUBLAS_STATUS_MAPPING_ERROR);
FLAMBEAU_SAME_VALUE(kExecutionFailed, CUBLAS_STATUS_EXECUTION_FAILED);
FLAMBEAU_SAME_VALUE(kInternalError, CUBLAS_STATUS_INTERNAL_ERROR);
FLAMBEAU_SAME_VALUE(kNotSupported, CUBLAS_STATUS_NOT_SUPPORTED);
FLAMBEAU_SAME_VALUE(kLicenseError, CUBLAS_STATUS_LICENSE_ERROR);

FLAMBEAU_SAME_VALUE(kCompute32, CUBLAS_COMPUTE_32F);
FLAMBEAU_SAME_VALUE(kCompute32Tf32, CUBLAS_COMPUTE_32F_FAST_TF32);
FLAMBEAU_SAME_VALUE(kCompute64, CUBLAS_COMPUTE_64F);

FLAMBEAU_SAME_VALUE(kFloat32, CUDA_R_32F);
FLAMBEAU_SAME_VALUE(kFloat64, CUDA_R_64F);
FLAMBEAU_SAME_VALUE(kFloat16, CUDA_R_16F);
FLAMBEAU_SAME_VALUE(kBFloat16, CUDA_R_16BF);

FLAMBEAU_SAME_VALUE(kPlain, CUBLAS_OP_N);
FLAMBEAU_SAME_VALUE(kTransposed, CUBLAS_OP_T);
static_assert(sizeof(Operation) == sizeof(cublasOperation_t));

FLAMBEAU_SAME_VALUE(kNoEpilogue, CUBLASLT_EPILOGUE_DEFAULT);
FLAMBEAU_SAME_VALUE(kBias, CUBLASLT_EPILOGUE_BIAS);
FLAMBEAU_SAME_VALUE(kBiasGradB, CUBLASLT_EPILOGUE_BGRADB);
static_assert(sizeof(Epilogue) == sizeof(cublasLtEpilogue_t));

FLAMBEAU_SAME_VALUE(kTransposeA, CUBLASLT_MATMUL_DESC_TRANSA);
FLAMBEAU_SAME_VALUE(kTransposeB, CUBLASLT_MATMUL_DESC_TRANSB);
FLAMBEAU_SAME_VALUE(kEpilogue, CUBLASLT_MATMUL_DESC_EPILOGUE);
FLAMBEAU_SAME_VALUE(kBiasPointer, CUBLASLT_MATMUL_DESC_BIAS_POINTER);
FLAMBEAU_SAME_VALUE(kBiasBatchStride, CUBLASLT_MATMUL_DESC_BIAS_BATCH_STRIDE);

FLAMBEAU_SAME_VALUE(kBatchCount, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT);
FLAMBEAU_SAME_VALUE(kStridedBatchOffset, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET);

FLAMBEAU_SAME_VALUE(kMaxWorkspaceBytes, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES);
FLAMBEAU_SAME_VALUE(kReductionMask, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK);
FLAMBEAU_SAME_VALUE(kMinAlignmentA, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES);
FLAMBEAU_SAME_VALUE(kMinAlignmentB, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES);
FLAMBEAU_SAME_VALUE(kMinAlignmentC, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES);
FLAMBEAU_SAME_VALUE(kMinAlignmentD, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES);

FLAMBEAU_SAME_VALUE(kInOutput, CUBLASLT_REDUCTION_SCHEME_INPLACE);
FLAMBEAU_SAME_VALUE(kInComputeType, CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE);
FLAMBEAU_SAME_VALUE(kInOutputType, CUBLASLT_REDUCTION_SCHEME_OUTPUT_TYPE);
static_assert(sizeof(Reduction) == sizeof(cublasLtReductionScheme_t));

FLAMBEAU_SAME_FIELD(Algorithm, data, cublasLtMatmulAlgo_t, data);
FLAMBEAU_SAME_FIELD(Heuristic, algorithm, cublasLtMatmulHeuristicResult_t, algo);
FLAMBEAU_SAME_FIELD(Heuristic, workspace_bytes, cublasLtMatmulHeuristicResult_t, workspaceSize);
FLAMBEAU_SAME_FIELD(Heuristic, state, cublasLtMatmulHeuristicResult_t, state);
FLAMBEAU_SAME_FIELD(Heuristic, waves, cublasLtMatmulHeuristicResult_t, wavesCount);
FLAMBEAU_SAME_FIELD(Heuristic, reserved, cublasLtMatmulHeuristicResult_t, reserved);

FLAMBEAU_SAME_CALL(create, cublasLtCreate);
FLAMBEAU_SAME_CALL(version, cublasLtGetVersion);
FLAMBEAU_SAME_CALL(matmul_create, cublasLtMatmulDescCreate);
FLAMBEAU_SAME_CALL(matmul_destroy, cublasLtMatmulDescDestroy);
FLAMBEAU_SAME_CALL(matmul_set, cublasLtMatmulDescSetAttribute);
FLAMBEAU_SAME_CALL(layout_create, cublasLtMatrixLayoutCreate);
FLAMBEAU_SAME_CALL(layout_destroy, cublasLtMatrixLayoutDestroy);
FLAMBEAU_SAME_CALL(layout_set, cublasLtMatrixLayoutSetAttribute);
FLAMBEAU_SAME_CALL(preference_create, cublasLtMatmulPreferenceCreate);
FLAMBEAU_SAME_CALL(preference_destroy, cublasLtMatmulPreferenceDestroy);
FLAMBEAU_SAME_CALL(preference_set, cublasLtMatmulPreferenceSetAttribute);
FLAMBEAU_SAME_CALL(heuristic, cublasLtMatmulAlgoGetHeuristic);
FLAMBEAU_SAME_CALL(matmul, cublasLtMatmul);

}  // namespace lt

namespace dnn {

FLAMBEAU_SAME_VALUE(kSuccess, CUDNN_STATUS_SUCCESS);
FLAMBEAU_SAME_VALUE(kBadParam, CUDNN_STATUS_BAD_PARAM);
FLAMBEAU_SAME_VALUE(kNotSupported, CUDNN_STATUS_NOT_SUPPORTED);
FLAMBEAU_SAME_VALUE(kInternalError, CUDNN_STATUS_INTERNAL_ERROR);
FLAMBEAU_SAME_VALUE(kExecutionFailed, CUDNN_STATUS_EXECUTION_FAILED);
static_assert(is_unsupported(static_cast<Status>(CUDNN_STATUS_NOT_SUPPORTED_ARCH_MISMATCH)));

FLAMBEAU_SAME_VALUE(kFloat32, CUDNN_DATA_FLOAT);
FLAMBEAU_SAME_VALUE(kFloat64, CUDNN_DATA_DOUBLE);
FLAMBEAU_SAME_VALUE(kFloat16, CUDNN_DATA_HALF);
FLAMBEAU_SAME_VALUE(kBFloat16, CUDNN_DATA_BFLOAT16);
FLAMBEAU_SAME_VALUE(kRowMajor, CUDNN_TENSOR_NCHW);
FLAMBEAU_SAME_VALUE(kChannelsLast, CUDNN_TENSOR_NHWC);
FLAMBEAU_SAME_VALUE(kConvolution, CUDNN_CONVOLUTION);
FLAMBEAU_SAME_VALUE(kCrossCorrelation, CUDNN_CROSS_CORRELATION);
FLAMBEAU_SAME_VALUE(kDefaultMath, CUDNN_DEFAULT_MATH);
FLAMBEAU_SAME_VALUE(kTensorOps, CUDNN_TENSOR_OP_MATH);
FLAMBEAU_SAME_VALUE(kTensorOpsConverting, CUDNN_TENSOR_OP_MATH_ALLOW_CONVERSION);
FLAMBEAU_SAME_VALUE(kFma, CUDNN_FMA_MATH);
FLAMBEAU_SAME_VALUE(kReluActivation, CUDNN_ACTIVATION_RELU);
FLAMBEAU_SAME_VALUE(kIdentity, CUDNN_ACTIVATION_IDENTITY);
FLAMBEAU_SAME_VALUE(kDropNan, CUDNN_NOT_PROPAGATE_NAN);
FLAMBEAU_SAME_VALUE(kPropagateNan, CUDNN_PROPAGATE_NAN);
FLAMBEAU_SAME_VALUE(kNotDeterministic, CUDNN_NON_DETERMINISTIC);
FLAMBEAU_SAME_VALUE(kDeterministic, CUDNN_DETERMINISTIC);
FLAMBEAU_SAME_VALUE(kPrecomputedGemm, CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM);

#define FLAMBEAU_SAME_CANDIDATE(theirs)                             \
  FLAMBEAU_SAME_FIELD(Candidate, algorithm, theirs, algo);          \
  FLAMBEAU_SAME_FIELD(Candidate, status, theirs, status);           \
  FLAMBEAU_SAME_FIELD(Candidate, milliseconds, theirs, time);       \
  FLAMBEAU_SAME_FIELD(Candidate, workspace_bytes, theirs, memory);  \
  FLAMBEAU_SAME_FIELD(Candidate, determinism, theirs, determinism); \
  FLAMBEAU_SAME_FIELD(Candidate, math, theirs, mathType);           \
  FLAMBEAU_SAME_FIELD(Candidate, reserved, theirs, reserved)
FLAMBEAU_SAME_CANDIDATE(cudnnConvolutionFwdAlgoPerf_t);
FLAMBEAU_SAME_CANDIDATE(cudnnConvolutionBwdDataAlgoPerf_t);
FLAMBEAU_SAME_CANDIDATE(cudnnConvolutionBwdFilterAlgoPerf_t);

FLAMBEAU_SAME_CALL(version, cudnnGetVersion);
FLAMBEAU_SAME_CALL(error_string, cudnnGetErrorString);
FLAMBEAU_SAME_CALL(last_error, cudnnGetLastErrorString);
FLAMBEAU_SAME_CALL(create, cudnnCreate);
FLAMBEAU_SAME_CALL(set_stream, cudnnSetStream);
FLAMBEAU_SAME_CALL(tensor_create, cudnnCreateTensorDescriptor);
FLAMBEAU_SAME_CALL(tensor_destroy, cudnnDestroyTensorDescriptor);
FLAMBEAU_SAME_CALL(tensor_set, cudnnSetTensorNdDescriptor);
FLAMBEAU_SAME_CALL(filter_create, cudnnCreateFilterDescriptor);
FLAMBEAU_SAME_CALL(filter_destroy, cudnnDestroyFilterDescriptor);
FLAMBEAU_SAME_CALL(filter_set, cudnnSetFilterNdDescriptor);
FLAMBEAU_SAME_CALL(convolution_create, cudnnCreateConvolutionDescriptor);
FLAMBEAU_SAME_CALL(convolution_destroy, cudnnDestroyConvolutionDescriptor);
FLAMBEAU_SAME_CALL(convolution_set, cudnnSetConvolutionNdDescriptor);
FLAMBEAU_SAME_CALL(convolution_set_groups, cudnnSetConvolutionGroupCount);
FLAMBEAU_SAME_CALL(convolution_set_math, cudnnSetConvolutionMathType);
FLAMBEAU_SAME_CALL(activation_create, cudnnCreateActivationDescriptor);
FLAMBEAU_SAME_CALL(activation_destroy, cudnnDestroyActivationDescriptor);
FLAMBEAU_SAME_CALL(activation_set, cudnnSetActivationDescriptor);
FLAMBEAU_SAME_CALL(forward_candidates, cudnnGetConvolutionForwardAlgorithm_v7);
FLAMBEAU_SAME_CALL(input_grad_candidates, cudnnGetConvolutionBackwardDataAlgorithm_v7);
FLAMBEAU_SAME_CALL(weight_grad_candidates, cudnnGetConvolutionBackwardFilterAlgorithm_v7);
FLAMBEAU_SAME_CALL(time_forward, cudnnFindConvolutionForwardAlgorithmEx);
FLAMBEAU_SAME_CALL(time_input_grad, cudnnFindConvolutionBackwardDataAlgorithmEx);
FLAMBEAU_SAME_CALL(time_weight_grad, cudnnFindConvolutionBackwardFilterAlgorithmEx);
FLAMBEAU_SAME_CALL(forward, cudnnConvolutionForward);
FLAMBEAU_SAME_CALL(forward_bias, cudnnConvolutionBiasActivationForward);
FLAMBEAU_SAME_CALL(input_grad, cudnnConvolutionBackwardData);
FLAMBEAU_SAME_CALL(weight_grad, cudnnConvolutionBackwardFilter);

}  // namespace dnn

namespace dnn::graph {

FLAMBEAU_SAME_VALUE(graph::kPointwise, CUDNN_BACKEND_POINTWISE_DESCRIPTOR);
FLAMBEAU_SAME_VALUE(graph::kConvolution, CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR);
FLAMBEAU_SAME_VALUE(graph::kEngine, CUDNN_BACKEND_ENGINE_DESCRIPTOR);
FLAMBEAU_SAME_VALUE(graph::kEngineConfig, CUDNN_BACKEND_ENGINECFG_DESCRIPTOR);
FLAMBEAU_SAME_VALUE(graph::kHeuristics, CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
FLAMBEAU_SAME_VALUE(graph::kPlan, CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
FLAMBEAU_SAME_VALUE(graph::kForward, CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR);
FLAMBEAU_SAME_VALUE(graph::kWeightGrad,
                    CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR);
FLAMBEAU_SAME_VALUE(graph::kInputGrad,
                    CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR);
FLAMBEAU_SAME_VALUE(graph::kPointwiseOperation, CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR);
FLAMBEAU_SAME_VALUE(graph::kOperations, CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
FLAMBEAU_SAME_VALUE(graph::kPointers, CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
FLAMBEAU_SAME_VALUE(graph::kTensor, CUDNN_BACKEND_TENSOR_DESCRIPTOR);

FLAMBEAU_SAME_VALUE(graph::kPointwiseMode, CUDNN_ATTR_POINTWISE_MODE);
FLAMBEAU_SAME_VALUE(graph::kPointwisePrecision, CUDNN_ATTR_POINTWISE_MATH_PREC);
FLAMBEAU_SAME_VALUE(graph::kConvolutionPrecision, CUDNN_ATTR_CONVOLUTION_COMP_TYPE);
FLAMBEAU_SAME_VALUE(graph::kConvolutionMode, CUDNN_ATTR_CONVOLUTION_CONV_MODE);
FLAMBEAU_SAME_VALUE(graph::kDilations, CUDNN_ATTR_CONVOLUTION_DILATIONS);
FLAMBEAU_SAME_VALUE(graph::kStrides, CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES);
FLAMBEAU_SAME_VALUE(graph::kPadsAfter, CUDNN_ATTR_CONVOLUTION_POST_PADDINGS);
FLAMBEAU_SAME_VALUE(graph::kPadsBefore, CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS);
FLAMBEAU_SAME_VALUE(graph::kAxes, CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS);
FLAMBEAU_SAME_VALUE(graph::kHeuristicsMode, CUDNN_ATTR_ENGINEHEUR_MODE);
FLAMBEAU_SAME_VALUE(graph::kHeuristicsOperations, CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH);
FLAMBEAU_SAME_VALUE(graph::kHeuristicsResults, CUDNN_ATTR_ENGINEHEUR_RESULTS);
FLAMBEAU_SAME_VALUE(graph::kConfigEngine, CUDNN_ATTR_ENGINECFG_ENGINE);
FLAMBEAU_SAME_VALUE(graph::kPlanHandle, CUDNN_ATTR_EXECUTION_PLAN_HANDLE);
FLAMBEAU_SAME_VALUE(graph::kPlanConfig, CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG);
FLAMBEAU_SAME_VALUE(graph::kPlanWorkspace, CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE);
FLAMBEAU_SAME_VALUE(kForwardAlpha, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA);
FLAMBEAU_SAME_VALUE(kForwardBeta, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA);
FLAMBEAU_SAME_VALUE(kForwardConvolution, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC);
FLAMBEAU_SAME_VALUE(kForwardW, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W);
FLAMBEAU_SAME_VALUE(kForwardX, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X);
FLAMBEAU_SAME_VALUE(kForwardY, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y);
FLAMBEAU_SAME_VALUE(kInputGradAlpha, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA);
FLAMBEAU_SAME_VALUE(kInputGradBeta, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA);
FLAMBEAU_SAME_VALUE(kInputGradConvolution, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC);
FLAMBEAU_SAME_VALUE(kInputGradW, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W);
FLAMBEAU_SAME_VALUE(kInputGradDx, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX);
FLAMBEAU_SAME_VALUE(kInputGradDy, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY);
FLAMBEAU_SAME_VALUE(kWeightGradAlpha, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA);
FLAMBEAU_SAME_VALUE(kWeightGradBeta, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA);
FLAMBEAU_SAME_VALUE(kWeightGradConvolution, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC);
FLAMBEAU_SAME_VALUE(kWeightGradDw, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW);
FLAMBEAU_SAME_VALUE(kWeightGradX, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X);
FLAMBEAU_SAME_VALUE(kWeightGradDy, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY);
FLAMBEAU_SAME_VALUE(kPointwiseDescriptor, CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR);
FLAMBEAU_SAME_VALUE(kPointwiseX, CUDNN_ATTR_OPERATION_POINTWISE_XDESC);
FLAMBEAU_SAME_VALUE(kPointwiseB, CUDNN_ATTR_OPERATION_POINTWISE_BDESC);
FLAMBEAU_SAME_VALUE(kPointwiseY, CUDNN_ATTR_OPERATION_POINTWISE_YDESC);
FLAMBEAU_SAME_VALUE(kOperationsHandle, CUDNN_ATTR_OPERATIONGRAPH_HANDLE);
FLAMBEAU_SAME_VALUE(kOperationsList, CUDNN_ATTR_OPERATIONGRAPH_OPS);
FLAMBEAU_SAME_VALUE(kTensorAlignment, CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT);
FLAMBEAU_SAME_VALUE(kTensorType, CUDNN_ATTR_TENSOR_DATA_TYPE);
FLAMBEAU_SAME_VALUE(kTensorSizes, CUDNN_ATTR_TENSOR_DIMENSIONS);
FLAMBEAU_SAME_VALUE(kTensorStrides, CUDNN_ATTR_TENSOR_STRIDES);
FLAMBEAU_SAME_VALUE(kTensorId, CUDNN_ATTR_TENSOR_UNIQUE_ID);
FLAMBEAU_SAME_VALUE(kTensorVirtual, CUDNN_ATTR_TENSOR_IS_VIRTUAL);
FLAMBEAU_SAME_VALUE(kPointersIds, CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS);
FLAMBEAU_SAME_VALUE(kPointersData, CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS);
FLAMBEAU_SAME_VALUE(kPointersWorkspace, CUDNN_ATTR_VARIANT_PACK_WORKSPACE);
FLAMBEAU_SAME_VALUE(kEngineNotes, CUDNN_ATTR_ENGINE_NUMERICAL_NOTE);

FLAMBEAU_SAME_VALUE(kHandleValue, CUDNN_TYPE_HANDLE);
FLAMBEAU_SAME_VALUE(kTypeValue, CUDNN_TYPE_DATA_TYPE);
FLAMBEAU_SAME_VALUE(kBoolValue, CUDNN_TYPE_BOOLEAN);
FLAMBEAU_SAME_VALUE(kInt64Value, CUDNN_TYPE_INT64);
FLAMBEAU_SAME_VALUE(kFloatValue, CUDNN_TYPE_FLOAT);
FLAMBEAU_SAME_VALUE(kDoubleValue, CUDNN_TYPE_DOUBLE);
FLAMBEAU_SAME_VALUE(kPointerValue, CUDNN_TYPE_VOID_PTR);
FLAMBEAU_SAME_VALUE(kModeValue, CUDNN_TYPE_CONVOLUTION_MODE);
FLAMBEAU_SAME_VALUE(kHeuristicsModeValue, CUDNN_TYPE_HEUR_MODE);
FLAMBEAU_SAME_VALUE(kNoteValue, CUDNN_TYPE_NUMERICAL_NOTE);
FLAMBEAU_SAME_VALUE(kPointwiseModeValue, CUDNN_TYPE_POINTWISE_MODE);
FLAMBEAU_SAME_VALUE(kDescriptorValue, CUDNN_TYPE_BACKEND_DESCRIPTOR);
FLAMBEAU_SAME_VALUE(kAdd, CUDNN_POINTWISE_ADD);
FLAMBEAU_SAME_VALUE(kWhateverWorks, CUDNN_HEUR_MODE_FALLBACK);
FLAMBEAU_SAME_VALUE(kDecisionTree, CUDNN_HEUR_MODE_A);
FLAMBEAU_SAME_VALUE(kTensorCores, CUDNN_NUMERICAL_NOTE_TENSOR_CORE);
FLAMBEAU_SAME_VALUE(kNarrowsInputs, CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS);
FLAMBEAU_SAME_VALUE(kNarrowsSums, CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION);
FLAMBEAU_SAME_VALUE(kNotRepeatable, CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC);
static_assert(sizeof(PointwiseMode) == sizeof(cudnnPointwiseMode_t));
static_assert(sizeof(HeuristicsMode) == sizeof(cudnnBackendHeurMode_t));
static_assert(sizeof(NumericalNote) == sizeof(cudnnBackendNumericalNote_t));
static_assert(std::is_same_v<Descriptor, cudnnBackendDescriptor_t>);

FLAMBEAU_SAME_CALL(create, cudnnBackendCreateDescriptor);
FLAMBEAU_SAME_CALL(destroy, cudnnBackendDestroyDescriptor);
FLAMBEAU_SAME_CALL(finalize, cudnnBackendFinalize);
FLAMBEAU_SAME_CALL(set, cudnnBackendSetAttribute);
FLAMBEAU_SAME_CALL(get, cudnnBackendGetAttribute);
FLAMBEAU_SAME_CALL(execute, cudnnBackendExecute);

}  // namespace dnn::graph

namespace nvrtc {

FLAMBEAU_SAME_VALUE(kSuccess, NVRTC_SUCCESS);
FLAMBEAU_SAME_VALUE(kInvalidInput, NVRTC_ERROR_INVALID_INPUT);
FLAMBEAU_SAME_VALUE(kInvalidOption, NVRTC_ERROR_INVALID_OPTION);
FLAMBEAU_SAME_VALUE(kCompilation, NVRTC_ERROR_COMPILATION);

FLAMBEAU_SAME_CALL(version, nvrtcVersion);
FLAMBEAU_SAME_CALL(create_program, nvrtcCreateProgram);
FLAMBEAU_SAME_CALL(compile_program, nvrtcCompileProgram);
FLAMBEAU_SAME_CALL(destroy_program, nvrtcDestroyProgram);
FLAMBEAU_SAME_CALL(log_size, nvrtcGetProgramLogSize);
FLAMBEAU_SAME_CALL(log, nvrtcGetProgramLog);
FLAMBEAU_SAME_CALL(cubin_size, nvrtcGetCUBINSize);
FLAMBEAU_SAME_CALL(cubin, nvrtcGetCUBIN);
FLAMBEAU_SAME_CALL(ptx_size, nvrtcGetPTXSize);
FLAMBEAU_SAME_CALL(ptx, nvrtcGetPTX);
FLAMBEAU_SAME_CALL(error_string, nvrtcGetErrorString);
FLAMBEAU_SAME_CALL(architecture_count, nvrtcGetNumSupportedArchs);
FLAMBEAU_SAME_CALL(architectures, nvrtcGetSupportedArchs);

}  // namespace nvrtc

}  // namespace flambeau::cuda
