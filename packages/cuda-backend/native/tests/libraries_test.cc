// How the vendor's libraries are looked for, and what is kept of their plans.
#include <dlfcn.h>
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>

#include "failure.h"
#include "libraries/library.h"
#include "libraries/plan_cache.h"
#include "libraries/search.h"

using namespace flambeau;
using namespace flambeau::cuda;

TEST_CASE("a library is found, and its functions called") {
  const Library library("the C library", "install it", {"libnowhere.so.7", "libc.so.6"}, {});
  CHECK(library.path() == "libc.so.6");
  size_t (*length)(const char*) = nullptr;
  library.find("strlen", length);
  REQUIRE(static_cast<bool>(length));
  CHECK(length("flambeau") == 8);
  CHECK_THROWS_WITH_AS(library.find("no_such_function", length),
                       "the C library at libc.so.6 lacks the function no_such_function; install it",
                       Failure);
  library.find_if("no_such_function", length);
  CHECK(!length);
}

TEST_CASE("a missing library is one sentence with a remedy") {
  try {
    const Library library("cuFlame", "install the flame", {"libflame.so.2", "libflame.so.1"},
                          {"/nowhere"});
    FAIL("it was found");
  } catch (const Failure& failure) {
    CHECK(std::strcmp(failure.code(), "ERR_DEVICE") == 0);
    const std::string text = failure.what();
    CHECK(text.starts_with("cuFlame is not on this machine: no libflame.so.2 or libflame.so.1"));
    CHECK(text.ends_with("install the flame"));
    CHECK(text.find('\n') == std::string::npos);
  }
}

TEST_CASE("folders of the environment and of wheels are searched, the named ones first") {
  namespace fs = std::filesystem;
  const fs::path root = fs::temp_directory_path() / "flambeau-libraries-test";
  const fs::path named = root / "named", wheels = root / "lib/python3.11/site-packages/nvidia";
  fs::create_directories(named);
  fs::create_directories(wheels / "cudnn/lib");
  fs::create_directories(root / "toolkit/lib64");
  // A Python that only a link on the path leads to, and packages that are named by themselves.
  fs::create_directories(root / "linked/bin");
  fs::create_directories(root / "linked/lib/python3.12/site-packages/nvidia/cu13/lib");
  fs::create_directories(root / "programs");
  fs::create_directories(root / "packages/nvidia/cublas/lib");
  fs::remove(root / "programs/python3");
  fs::create_symlink("../linked/bin/python3", root / "programs/python3");
  const char* path = std::getenv("PATH");
  const std::string old_path = path ? path : "";
  setenv("PATH", ((root / "programs").string() + ":" + old_path).c_str(), 1);
  setenv("PYTHONPATH", (root / "packages").c_str(), 1);
  setenv(kLibraryVariable, (named.string() + ":/nowhere").c_str(), 1);
  setenv("VIRTUAL_ENV", root.c_str(), 1);
  setenv("CUDA_HOME", (root / "toolkit").c_str(), 1);
  const std::vector<std::string> folders = library_folders();
  unsetenv(kLibraryVariable);
  unsetenv("VIRTUAL_ENV");
  unsetenv("CUDA_HOME");
  unsetenv("PYTHONPATH");
  setenv("PATH", old_path.c_str(), 1);
  REQUIRE(folders.size() >= 3);
  CHECK(folders[0] == named.string());
  CHECK(folders[1] == (root / "toolkit/lib64").string());
  for (const fs::path& wheel :
       {wheels / "cudnn/lib", root / "linked/lib/python3.12/site-packages/nvidia/cu13/lib",
        root / "packages/nvidia/cublas/lib"})
    CHECK(std::count(folders.begin(), folders.end(), wheel.string()) == 1);
  CHECK(std::count(folders.begin(), folders.end(), "/nowhere") == 0);
  fs::remove_all(root);
}

TEST_CASE("what a library asks the loader for is opened beside it") {
  namespace fs = std::filesystem;
  const char* const beside = "libanl.so.1";  // of glibc; nothing here needs it
  const auto known = [&] {
    void* handle = dlopen(beside, RTLD_NOW | RTLD_NOLOAD);
    if (handle) dlclose(handle);
    return handle != nullptr;
  };
  Dl_info info = {};
  REQUIRE(dladdr(reinterpret_cast<void*>(&std::strtod), &info) != 0);
  const fs::path folder = fs::canonical(info.dli_fname).parent_path();
  const Library by_name("the C library", "install it", {"libc.so.6"}, {});
  CHECK(!known());
  by_name.open_beside(beside);  // the loader found the library, and finds this one, too
  CHECK(!known());
  const Library placed("the mathematics library", "install it", {(folder / "libm.so.6").string()},
                       {});
  placed.open_beside("libnowhere.so.7");
  CHECK(!known());
  placed.open_beside(beside);
  CHECK(known());
}

TEST_CASE("folders of the environment go before newer versions elsewhere") {
  namespace fs = std::filesystem;
  Dl_info info = {};
  REQUIRE(dladdr(reinterpret_cast<void*>(&std::strtod), &info) != 0);
  const fs::path any = fs::canonical(info.dli_fname).parent_path() / "libutil.so.1";
  const fs::path root = fs::temp_directory_path() / "flambeau-named-test";
  fs::create_directories(root / "named");
  fs::create_directories(root / "other");
  fs::copy_file(any, root / "named/libflame.so.12", fs::copy_options::overwrite_existing);
  fs::copy_file(any, root / "other/libflame.so.13", fs::copy_options::overwrite_existing);
  const std::vector<std::string> files = {"libflame.so.13", "libflame.so.12"};
  const auto path = [&] {
    return fs::path(Library("cuFlame", "", files, {(root / "other").string()}).path());
  };
  CHECK(path() == root / "other/libflame.so.13");
  setenv(kLibraryVariable, (root / "named").c_str(), 1);
  CHECK(path() == root / "named/libflame.so.12");
  unsetenv(kLibraryVariable);
  fs::remove_all(root);
}

TEST_CASE("wheels are named as they are for the version of CUDA that the driver serves") {
  const std::string name = wheel_of("nvidia-cublas"), always = wheel_of("nvidia-cudnn", true);
  if (name == "nvidia-cublas") {
    CHECK(always == "nvidia-cudnn-cu13");
  } else {
    CHECK(name == "nvidia-cublas-cu12");
    CHECK(always == "nvidia-cudnn-cu12");
  }
}

TEST_CASE("files are those of the versions that the driver serves, the newest first") {
  const std::vector<std::string> files = toolkit_files("cublasLt");
  REQUIRE(!files.empty());
  CHECK(files.back() == "libcublasLt.so.12");
  if (files.size() == 2) CHECK(files.front() == "libcublasLt.so.13");
}

TEST_CASE("the plans used last are kept") {
  PlanCache<1, int> cache(2);
  int made = 0;
  const auto get = [&](int64_t key) {
    return *cache.get({key}, [&] {
      ++made;
      return std::make_shared<int>(static_cast<int>(key) * 10);
    });
  };
  CHECK(get(1) == 10);
  CHECK(get(2) == 20);
  CHECK(get(1) == 10);
  CHECK(made == 2);
  CHECK(get(3) == 30);  // 2 was used longest ago
  CHECK(cache.size() == 2);
  CHECK(get(1) == 10);
  CHECK(made == 3);
  CHECK(get(2) == 20);
  CHECK(made == 4);
}
