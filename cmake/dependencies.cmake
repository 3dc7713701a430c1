# All third-party dependencies are found here; nothing is ever downloaded.
find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # ccache requires this variable to cache files compiled with a precompiled header.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
endif()

find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
find_package(ZLIB REQUIRED)
find_package(CURL 7.85 REQUIRED)
find_package(OpenCV REQUIRED COMPONENTS core imgproc imgcodecs)
find_package(JPEG REQUIRED)
find_package(TBB REQUIRED)
find_package(Boost 1.74 REQUIRED CONFIG)  # Beast, Asio and Math, which are headers alone
find_package(Eigen3 3.4 REQUIRED NO_MODULE)
find_package(OpenMP REQUIRED COMPONENTS CXX)
find_package(CLI11 REQUIRED)
# Debian's dnnl-config.cmake requires OpenCL's headers, which are not needed here.
find_path(DNNL_INCLUDE_DIR oneapi/dnnl/dnnl.hpp REQUIRED)
find_library(DNNL_LIBRARY dnnl REQUIRED)
add_library(tvr_onednn INTERFACE)
target_include_directories(tvr_onednn SYSTEM INTERFACE ${DNNL_INCLUDE_DIR})
target_link_libraries(tvr_onednn INTERFACE ${DNNL_LIBRARY} OpenMP::OpenMP_CXX)

# Optional: networks of users in ONNX files.
find_path(ONNXRUNTIME_INCLUDE_DIR onnxruntime_cxx_api.h PATH_SUFFIXES onnxruntime onnxruntime/core/session)
find_library(ONNXRUNTIME_LIBRARY onnxruntime)
if(ONNXRUNTIME_INCLUDE_DIR AND ONNXRUNTIME_LIBRARY)
  add_library(tvr_onnx INTERFACE)
  target_include_directories(tvr_onnx SYSTEM INTERFACE ${ONNXRUNTIME_INCLUDE_DIR})
  target_link_libraries(tvr_onnx INTERFACE ${ONNXRUNTIME_LIBRARY})
endif()

# Optional: training by several processes.
set(MPI_CXX_SKIP_MPICXX ON)  # the C++ bindings that MPI 3 has removed
find_package(MPI COMPONENTS CXX)

pkg_check_modules(LIBAV REQUIRED IMPORTED_TARGET libavformat libavcodec libavfilter libswscale libavutil)
pkg_check_modules(FASTTEXT REQUIRED IMPORTED_TARGET fasttext)
pkg_check_modules(UTF8PROC REQUIRED IMPORTED_TARGET libutf8proc)

include(CheckLanguage)
check_language(CUDA)

# Python's torch.utils.cmake_prefix_path is two folders below LibTorch's root. With it alone, TorchConfig.cmake would
# also pick up the library of a system-wide LibTorch.
string(REPLACE ":" ";" tvr_prefixes "${CMAKE_PREFIX_PATH};$ENV{CMAKE_PREFIX_PATH}")
list(FILTER tvr_prefixes INCLUDE REGEX "/share/cmake/?$")
list(TRANSFORM tvr_prefixes REPLACE "/share/cmake/?$" "")
list(APPEND CMAKE_PREFIX_PATH ${tvr_prefixes})

# TorchConfig.cmake overwrites these flags and architectures; they are restored afterwards.
foreach(variable CMAKE_CXX_FLAGS CMAKE_CUDA_FLAGS CMAKE_CUDA_ARCHITECTURES)
  set(tvr_saved_${variable} "${${variable}}")
endforeach()
find_package(Torch REQUIRED)
foreach(variable CMAKE_CXX_FLAGS CMAKE_CUDA_FLAGS CMAKE_CUDA_ARCHITECTURES)
  set(${variable} "${tvr_saved_${variable}}")
endforeach()

# PyTorch 2.1 and later do not compile as C++14 or older, 2.11 not as C++17 with every compiler; the code is C++17.
set(CMAKE_CXX_STANDARD 17)
set(CMAKE_CXX_STANDARD_REQUIRED ON)

if("${TORCH_CXX_FLAGS}" MATCHES "_GLIBCXX_USE_CXX11_ABI=0")
  message(FATAL_ERROR "The LibTorch in ${Torch_DIR} has the pre-GCC 5 C++ ABI, all other libraries have the current one: "
                      "use a 'cxx11 ABI' build of it, or PyTorch 2.6 or later")
endif()

# An interface target for Torch, with its headers as system headers to silence their warnings.
add_library(tvr_torch INTERFACE)
target_include_directories(tvr_torch SYSTEM INTERFACE ${TORCH_INCLUDE_DIRS})
# PyTorch's wheels export parts of an older libstdc++ (std::filesystem): the compiler's own must be linked before them.
target_link_libraries(tvr_torch INTERFACE stdc++ ${TORCH_LIBRARIES})
separate_arguments(tvr_torch_flags UNIX_COMMAND "${TORCH_CXX_FLAGS}")
target_compile_options(tvr_torch INTERFACE ${tvr_torch_flags})

add_library(tvr_opencv INTERFACE)
target_include_directories(tvr_opencv SYSTEM INTERFACE ${OpenCV_INCLUDE_DIRS})
target_link_libraries(tvr_opencv INTERFACE opencv_core opencv_imgproc opencv_imgcodecs)

# GPU support needs both nvcc and a LibTorch built for CUDA. With nvcc alone the kernels are compiled, so that they do
# not rot, but not linked. The program reports what is missing.
set(TVR_CUDA OFF)
if(CMAKE_CUDA_COMPILER)
  set(CMAKE_CUDA_STANDARD 17)
  if(NOT CMAKE_CUDA_ARCHITECTURES)
    set(CMAKE_CUDA_ARCHITECTURES 75 80 90)  # 90: H100, H200; newer GPUs use its PTX
  endif()
  if(TARGET torch_cuda)
    set(TVR_CUDA ON)
  endif()
  set(CMAKE_CUDA_RUNTIME_LIBRARY None)  # tvr_cuda links it: the shared one, which LibTorch uses, too
  enable_language(CUDA)
  # The C++ compiler links. nvcc's host compiler may be older, and its libstdc++ must not be found first.
  set(CMAKE_CUDA_IMPLICIT_LINK_DIRECTORIES ${CMAKE_CXX_IMPLICIT_LINK_DIRECTORIES})
  find_package(CUDAToolkit REQUIRED)
  set(TVR_CUDA_MISSING "this program was built with a LibTorch without CUDA: build it with -DCMAKE_PREFIX_PATH=/path/to/a/CUDA/libtorch")
else()
  set(TVR_CUDA_MISSING "this program was built without CUDA: nvcc was not found")
endif()

# Linked by code for the GPU; in builds without CUDA it only defines the reason.
add_library(tvr_cuda INTERFACE)
if(TVR_CUDA)
  target_compile_definitions(tvr_cuda INTERFACE TVR_CUDA)
  target_link_libraries(tvr_cuda INTERFACE CUDA::cudart)
else()
  target_compile_definitions(tvr_cuda INTERFACE "TVR_CUDA_MISSING=\"${TVR_CUDA_MISSING}\"")
endif()
