# Every third party is found here, once; nothing is ever downloaded.
find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # The variable: what ccache asks for before it keeps what was compiled with a precompiled header.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
endif()

find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
find_package(OpenCV REQUIRED COMPONENTS core imgproc imgcodecs)
find_package(TBB REQUIRED)
find_package(OpenMP REQUIRED COMPONENTS CXX)
find_package(CLI11 REQUIRED)
# Debian's dnnl-config.cmake asks for OpenCL's headers, which nobody here needs.
find_path(DNNL_INCLUDE_DIR oneapi/dnnl/dnnl.hpp REQUIRED)
find_library(DNNL_LIBRARY dnnl REQUIRED)
add_library(tvr_onednn INTERFACE)
target_include_directories(tvr_onednn SYSTEM INTERFACE ${DNNL_INCLUDE_DIR})
target_link_libraries(tvr_onednn INTERFACE ${DNNL_LIBRARY} OpenMP::OpenMP_CXX)

pkg_check_modules(LIBAV REQUIRED IMPORTED_TARGET libavformat libavcodec libavfilter libswscale libavutil)
pkg_check_modules(FASTTEXT REQUIRED IMPORTED_TARGET fasttext)
pkg_check_modules(HTTPLIB REQUIRED IMPORTED_TARGET cpp-httplib)
pkg_check_modules(UTF8PROC REQUIRED IMPORTED_TARGET libutf8proc)

include(CheckLanguage)
check_language(CUDA)

# Python's torch.utils.cmake_prefix_path is two folders below LibTorch's own. With that alone TorchConfig.cmake would take
# the library of a LibTorch that the system has, too.
string(REPLACE ":" ";" tvr_prefixes "${CMAKE_PREFIX_PATH};$ENV{CMAKE_PREFIX_PATH}")
list(FILTER tvr_prefixes INCLUDE REGEX "/share/cmake/?$")
list(TRANSFORM tvr_prefixes REPLACE "/share/cmake/?$" "")
list(APPEND CMAKE_PREFIX_PATH ${tvr_prefixes})

# TorchConfig.cmake writes its own flags and architectures over everybody else's: they are put back.
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
  message(FATAL_ERROR "The LibTorch in ${Torch_DIR} has the C++ ABI of before GCC 5, all other libraries have today's: "
                      "take a 'cxx11 ABI' build of it, or PyTorch 2.6 or later")
endif()

# Torch by an interface target of ours: its headers as system headers (their warnings are not ours).
add_library(tvr_torch INTERFACE)
target_include_directories(tvr_torch SYSTEM INTERFACE ${TORCH_INCLUDE_DIRS})
# PyTorch's wheels export parts of an older libstdc++ (std::filesystem): the compiler's own must be found before them.
target_link_libraries(tvr_torch INTERFACE stdc++ ${TORCH_LIBRARIES})
separate_arguments(tvr_torch_flags UNIX_COMMAND "${TORCH_CXX_FLAGS}")
target_compile_options(tvr_torch INTERFACE ${tvr_torch_flags})

add_library(tvr_opencv INTERFACE)
target_include_directories(tvr_opencv SYSTEM INTERFACE ${OpenCV_INCLUDE_DIRS})
target_link_libraries(tvr_opencv INTERFACE opencv_core opencv_imgproc opencv_imgcodecs)

# The GPU needs both nvcc and a LibTorch made for CUDA. With nvcc alone the kernels are compiled, so that they cannot
# rot, and not linked. The program says what is missing.
set(TVR_CUDA OFF)
if(CMAKE_CUDA_COMPILER)
  set(CMAKE_CUDA_STANDARD 17)
  if(NOT CMAKE_CUDA_ARCHITECTURES)
    set(CMAKE_CUDA_ARCHITECTURES 75 80 90)  # 90: H100, H200; its PTX serves what comes after
  endif()
  if(TARGET torch_cuda)
    set(TVR_CUDA ON)
  endif()
  set(CMAKE_CUDA_RUNTIME_LIBRARY None)  # tvr_cuda names it: the shared one, which is LibTorch's too
  enable_language(CUDA)
  # The C++ compiler links. nvcc's host compiler may be an older one, whose libstdc++ must not be found first.
  set(CMAKE_CUDA_IMPLICIT_LINK_DIRECTORIES ${CMAKE_CXX_IMPLICIT_LINK_DIRECTORIES})
  find_package(CUDAToolkit REQUIRED)
  set(TVR_CUDA_MISSING "this program was built with a LibTorch without CUDA: build it with -DCMAKE_PREFIX_PATH=/path/to/a/CUDA/libtorch")
else()
  set(TVR_CUDA_MISSING "this program was built without CUDA: nvcc was not found")
endif()

# What code on the GPU's side links; elsewhere it only says why there is none.
add_library(tvr_cuda INTERFACE)
if(TVR_CUDA)
  target_compile_definitions(tvr_cuda INTERFACE TVR_CUDA)
  target_link_libraries(tvr_cuda INTERFACE CUDA::cudart)
else()
  target_compile_definitions(tvr_cuda INTERFACE "TVR_CUDA_MISSING=\"${TVR_CUDA_MISSING}\"")
endif()
