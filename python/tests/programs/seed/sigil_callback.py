import os

from sigil_sdk import Client
from sigil_sdk.config import AuthConfig, ClientConfig, GenerationExportConfig
from sigil_sdk_litellm import SigilLiteLLMLogger

client = Client(ClientConfig(
    generation_export=GenerationExportConfig(
        protocol="http",
        endpoint=os.environ["SIGIL_ENDPOINT"],
        auth=AuthConfig(
            mode="basic",
            tenant_id=os.environ.get("SIGIL_TENANT_ID", ""),
            basic_password=os.environ.get("SIGIL_API_KEY", ""),
        ),
    ),
))
sigil_handler = SigilLiteLLMLogger(
    client=client,
    agent_name="litellm-proxy",
)
