# docker build -t pipeline .
# docker run --rm -v "$PWD:/work" -w /work pipeline search --videos clips --encoder clip-vit-b-32 "a dog on the beach"
#
# For GPUs (not tried yet): a LibTorch that was built for CUDA, unpacked beside this file as libtorch, and Debian's nvcc.
#   docker build -t pipeline:cuda --build-arg CUDA=1 . && docker run --gpus all ...
FROM debian:13
ARG CUDA=
COPY . /src
WORKDIR /src
RUN scripts/install_dependencies.sh \
 && if [ -n "$CUDA" ]; then \
      sed -i 's/^Components: main$/Components: main contrib non-free/' /etc/apt/sources.list.d/debian.sources \
      && apt-get update -qq && apt-get install -y -qq --no-install-recommends nvidia-cuda-toolkit \
      && mv libtorch /opt/libtorch; \
    fi \
 && cmake --preset release -DTVR_TESTS=OFF -DCMAKE_PREFIX_PATH=/opt/libtorch \
 && cmake --build --preset release && cmake --install build/release && rm -rf build
# Not as root: it decodes strangers' files. Folders that are mounted must let this user write: --user "$(id -u)".
RUN useradd --create-home user
USER user
ENTRYPOINT ["pipeline"]
