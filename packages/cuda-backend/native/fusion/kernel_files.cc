#include "kernel_files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

namespace flambeau::cuda::fusion {

namespace {

namespace fs = std::filesystem;

constexpr char kMark[16] = "flambeau kernel";
constexpr const char* kEnding = ".kernel";
constexpr size_t kMostBytes = size_t{256} << 20;

// What a file begins with; the key and the code follow.
struct Head {
  char mark[sizeof kMark];
  uint64_t key_bytes, code_bytes, sum;  // the sum is of the code
};

uint64_t hash_of(const char* data, size_t bytes, uint64_t hash) {
  for (size_t i = 0; i < bytes; ++i) {
    hash = (hash ^ static_cast<unsigned char>(data[i])) * 0x9e3779b97f4a7c15;
    hash ^= hash >> 32;
  }
  return hash;
}

uint64_t sum_of(const std::vector<char>& code) { return hash_of(code.data(), code.size(), 1); }

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value ? value : "";
}

std::string folder_of_user() {
  std::string named = variable("FLAMBEAU_CUDA_CACHE");
  if (named == "0") return "";
  if (!named.empty()) return named;
#if !defined(FLAMBEAU_EMULATED)
  // As the specification of these folders wants it: relative ones do not count.
  const std::string base = variable("XDG_CACHE_HOME");
  if (!base.empty() && base.front() == '/') return base + "/flambeau/kernels";
  const std::string home = variable("HOME");
  if (!home.empty() && home.front() == '/') return home + "/.cache/flambeau/kernels";
#endif
  return "";
}

}  // namespace

std::string digest(const std::string& text) {
  char letters[33];
  std::snprintf(letters, sizeof letters, "%016llx%016llx",
                static_cast<unsigned long long>(hash_of(text.data(), text.size(), 2)),
                static_cast<unsigned long long>(hash_of(text.data(), text.size(), 3)));
  return letters;
}

KernelFiles::KernelFiles(std::string folder, size_t most_bytes)
    : folder_(std::move(folder)), most_bytes_(most_bytes) {}

std::string KernelFiles::place_of(const std::string& key) const {
  return folder_ + "/" + digest(key) + kEnding;
}

// Code of others would run with this user's rights.
bool KernelFiles::is_trusted() const {
  struct stat status;
  return stat(folder_.c_str(), &status) == 0 && S_ISDIR(status.st_mode) &&
         status.st_uid == geteuid() && (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

std::vector<char> KernelFiles::read(const std::string& key) const noexcept {
  try {
    if (folder_.empty() || !is_trusted()) return {};
    const std::string place = place_of(key);
    std::ifstream in(place, std::ios::binary);
    const std::string all{std::istreambuf_iterator<char>(in), {}};
    Head head;
    if (all.size() < sizeof head) return {};
    std::memcpy(&head, all.data(), sizeof head);
    if (std::memcmp(head.mark, kMark, sizeof kMark) != 0 || head.key_bytes != key.size() ||
        head.code_bytes != all.size() - sizeof head - key.size() ||
        all.compare(sizeof head, key.size(), key) != 0)
      return {};
    std::vector<char> code(all.end() - static_cast<std::ptrdiff_t>(head.code_bytes), all.end());
    if (sum_of(code) != head.sum) return {};
    std::error_code ignored;
    fs::last_write_time(place, fs::file_time_type::clock::now(), ignored);  // it is in use
    return code;
  } catch (...) {
    return {};
  }
}

void KernelFiles::write(const std::string& key, const std::vector<char>& code) const noexcept {
  try {
    if (folder_.empty()) return;
    if (fs::create_directories(folder_)) fs::permissions(folder_, fs::perms::owner_all);
    if (!is_trusted()) return;
    Head head = {{}, key.size(), code.size(), sum_of(code)};
    std::memcpy(head.mark, kMark, sizeof kMark);
    const std::string place = place_of(key);
    // Whoever reads it finds no file, or all of it.
    std::string passing = place + ".XXXXXX";
    const int file = mkstemp(passing.data());
    if (file < 0) return;
    close(file);
    std::ofstream out(passing, std::ios::binary);
    out.write(reinterpret_cast<const char*>(&head), sizeof head);
    out << key;
    out.write(code.data(), static_cast<std::streamsize>(code.size()));
    out.close();
    std::error_code error;
    if (out) fs::rename(passing, place, error);
    if (!out || error) fs::remove(passing, error);
    make_room();
  } catch (...) {  // a full disk, for example: the kernel is there all the same
  }
}

// Half of the room is made at once, so that it is not looked for at each kernel.
void KernelFiles::make_room() const {
  struct File {
    fs::file_time_type used;
    size_t bytes;
    fs::path path;
  };
  std::vector<File> files;
  size_t bytes = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder_)) {
    std::error_code error;
    // Also what programs that were ended left while they wrote it.
    if (entry.path().filename().string().find(kEnding) == std::string::npos) continue;
    files.push_back({entry.last_write_time(error), entry.file_size(error), entry.path()});
    if (error)
      files.pop_back();  // somebody has removed it
    else
      bytes += files.back().bytes;
  }
  if (bytes <= most_bytes_) return;
  std::sort(files.begin(), files.end(),
            [](const File& a, const File& b) { return a.used < b.used; });
  for (const File& file : files) {
    if (bytes <= most_bytes_ / 2) break;
    std::error_code ignored;
    fs::remove(file.path, ignored);
    bytes -= file.bytes;
  }
}

const KernelFiles& kernel_files() {
  static const auto* const files = new KernelFiles(folder_of_user(), kMostBytes);
  return *files;
}

}  // namespace flambeau::cuda::fusion
