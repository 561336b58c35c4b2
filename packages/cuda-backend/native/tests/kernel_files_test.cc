// Compiled kernels in files: what is kept, what is not believed, what goes.
#include "fusion/kernel_files.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace fs = std::filesystem;
using flambeau::cuda::fusion::KernelFiles;

namespace {

// A folder that is gone with its owner, not there yet at first.
struct Folder {
  fs::path path = fs::temp_directory_path() / ("flambeau-kernels-" + std::to_string(getpid()));
  Folder() { fs::remove_all(path); }
  ~Folder() { fs::remove_all(path); }
  std::vector<fs::path> files() const {
    std::vector<fs::path> all;
    for (const auto& entry : fs::directory_iterator(path)) all.push_back(entry.path());
    return all;
  }
};

std::vector<char> code(size_t bytes, char value) { return std::vector<char>(bytes, value); }

}  // namespace

TEST_CASE("kernels are kept by all that they depend on") {
  const Folder folder;
  const KernelFiles files(folder.path, 1 << 20);
  CHECK(files.read("a key").empty());
  files.write("a key", code(1000, 'a'));
  files.write("another key", code(10, 'b'));
  CHECK(files.read("a key") == code(1000, 'a'));
  CHECK(KernelFiles(folder.path, 1 << 20).read("another key") == code(10, 'b'));
  CHECK(files.read("a third key").empty());
  files.write("a key", code(5, 'c'));
  CHECK(files.read("a key") == code(5, 'c'));
  CHECK(folder.files().size() == 2);  // nothing else is left
  CHECK((fs::status(folder.path).permissions() & fs::perms::all) == fs::perms::owner_all);
}

TEST_CASE("without a folder nothing is kept") {
  const KernelFiles files("", 1 << 20);
  files.write("a key", code(10, 'a'));
  CHECK(files.read("a key").empty());
  const KernelFiles nowhere("/proc/flambeau/kernels", 1 << 20);
  nowhere.write("a key", code(10, 'a'));
  CHECK(nowhere.read("a key").empty());
}

TEST_CASE("a file that is damaged, cut or of something else is not believed, and replaced") {
  const Folder folder;
  const KernelFiles files(folder.path, 1 << 20);
  files.write("a key", code(1000, 'a'));
  REQUIRE(folder.files().size() == 1);
  const fs::path file = folder.files()[0];
  const auto bytes = static_cast<int64_t>(fs::file_size(file));
  // The mark, a length, the key, the code.
  for (const int64_t at : {int64_t{0}, int64_t{16}, int64_t{40}, bytes - 1}) {
    CAPTURE(at);
    std::fstream(file, std::ios::in | std::ios::out | std::ios::binary).seekp(at).put('?');
    CHECK(files.read("a key").empty());
    files.write("a key", code(1000, 'a'));
    CHECK(files.read("a key") == code(1000, 'a'));
  }
  for (const int64_t left : {int64_t{0}, int64_t{20}, bytes - 1}) {
    fs::resize_file(file, static_cast<uintmax_t>(left));
    CHECK(files.read("a key").empty());
    files.write("a key", code(1000, 'a'));
  }
  std::ofstream(file) << "something else";
  CHECK(files.read("a key").empty());
  fs::remove(file);
  fs::create_directory(file);
  CHECK(files.read("a key").empty());
  files.write("a key", code(1000, 'a'));
}

TEST_CASE("a folder that others may write to is not believed") {
  const Folder folder;
  const KernelFiles files(folder.path, 1 << 20);
  files.write("a key", code(10, 'a'));
  fs::permissions(folder.path, fs::perms::others_write, fs::perm_options::add);
  CHECK(files.read("a key").empty());
  files.write("another key", code(10, 'a'));
  CHECK(folder.files().size() == 1);
  fs::permissions(folder.path, fs::perms::others_write, fs::perm_options::remove);
  CHECK(files.read("a key") == code(10, 'a'));
}

TEST_CASE("what was used longest ago goes") {
  const Folder folder;
  const KernelFiles files(folder.path, 10000);
  const auto now = fs::file_time_type::clock::now();
  for (int i = 0; i < 9; ++i) {
    files.write("key " + std::to_string(i), code(1000, 'a'));
    for (const fs::path& file : folder.files())
      fs::last_write_time(file, fs::last_write_time(file) - std::chrono::hours(1));
  }
  CHECK(files.read("key 0") == code(1000, 'a'));  // used now
  files.write("key 9", code(1000, 'a'));
  CHECK(files.read("key 9") == code(1000, 'a'));
  CHECK(files.read("key 0") == code(1000, 'a'));
  CHECK(files.read("key 1").empty());
  size_t bytes = 0;
  for (const fs::path& file : folder.files()) bytes += fs::file_size(file);
  CHECK(bytes <= 5000);
  CHECK(fs::last_write_time(folder.files()[0]) <= now + std::chrono::hours(1));
}
