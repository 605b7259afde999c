FROM ghcr.io/berriai/litellm:v1.82.3-stable.patch.2
RUN pip install sigil-sdk sigil-sdk-litellm
