#include "attention_tensor_query_grad.h"

namespace flambeau::cuda {

template void tensor_query_grad<Half>(Call&, const AttentionShape&, const AttentionGradient&);

}  // namespace flambeau::cuda
