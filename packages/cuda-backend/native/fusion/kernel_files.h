// Kernels that were compiled while a program ran, kept in files for programs that come later.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace flambeau::cuda::fusion {

// 128 bits that tell texts apart, as 32 letters.
std::string digest(const std::string& text);

// A folder of such files, bounded in size: what was used longest ago goes. Whatever is wrong with
// the folder or with a file means that there is none; nothing throws.
class KernelFiles {
 public:
  // Without a folder nothing is kept.
  KernelFiles(std::string folder, size_t most_bytes);

  // What was kept under `key`, a text that says all that the code depends on; empty if nothing was.
  std::vector<char> read(const std::string& key) const noexcept;
  void write(const std::string& key, const std::vector<char>& code) const noexcept;

 private:
  std::string place_of(const std::string& key) const;
  bool is_trusted() const;
  void make_room() const;

  const std::string folder_;
  const size_t most_bytes_;
};

// Those of this user: in the folder that FLAMBEAU_CUDA_CACHE names (0: none), else in
// flambeau/kernels below XDG_CACHE_HOME or ~/.cache. On the emulated device only in the former.
const KernelFiles& kernel_files();

}  // namespace flambeau::cuda::fusion
