"""Families beyond the first: small ones counted by hand, released ones against what their makers publish."""

from __future__ import annotations

from typing import Any

import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.roofline import (
    System,
    decode,
    kv_bytes,
    kv_bytes_per_token,
    load_gpu,
    operation_table,
    prefill,
    state_bytes,
    weight_bytes,
)
from lessonlib.roofline.config import read_config
from lessonlib.roofline.families import FAMILIES
from lessonlib.roofline.model import Model

H, FF, V = 64, 160, 1000
BASE = {
    "hidden_size": H,
    "intermediate_size": FF,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "vocab_size": V,
}
EMBEDDING = V * H
GQA = H * (4 + 2 * 2) * 16 + H * H
MLP = 3 * H * FF
NORMS = 2 * H
PAIR = 2 * EMBEDDING + H  # both embeddings and the last norm


def moe(count: int, width: int, matrices: int = 3, inner: int = H) -> int:
    return H * count + count * matrices * inner * width


MIXTURE = {"num_experts_per_tok": 2, "num_local_experts": 8}
ROUTED = {"n_routed_experts": 8, "num_experts_per_tok": 2, "moe_intermediate_size": 32, "n_shared_experts": 1}
LATENT = {"q_lora_rank": 24, "kv_lora_rank": 32, "qk_nope_head_dim": 16, "qk_rope_head_dim": 8, "v_head_dim": 16}
MLA = H * 24 + 24 * 4 * 24 + H * 40 + 32 * 4 * 32 + 4 * 16 * H + 24 + 32
MAMBA = {
    "mamba_num_heads": 4,
    "mamba_head_dim": 8,
    "n_groups": 2,
    "ssm_state_size": 16,
    "conv_kernel": 4,
}
# in: gate 32, x 32, B and C 2 x 2 x 16, step 4; out 32; taps and biases of 96 channels; 3 a head; norm 32
MAMBA_BLOCK = H * (32 + 96 + 4) + 32 * H + 96 * 5 + 3 * 4 + 32

#: family -> (further keys, parameters by hand)
CASES: dict[str, tuple[dict[str, Any], int]] = {
    "ministral3": ({"sliding_window": None}, PAIR + 4 * (GQA + MLP + NORMS)),
    "granite": ({"tie_word_embeddings": True}, PAIR - EMBEDDING + 4 * (GQA + MLP + NORMS)),
    "arcee": ({}, PAIR + 4 * (GQA + 2 * H * FF + NORMS)),
    "nemotron": ({}, PAIR + H + 4 * (GQA + 2 * H * FF + 2 * NORMS)),
    "glm4": ({"attention_bias": True}, PAIR + 4 * (GQA + 8 * 16 + MLP + 2 * NORMS)),
    "olmo": ({"tie_word_embeddings": False}, 2 * EMBEDDING + 4 * (GQA + MLP)),
    "olmo2": ({}, PAIR + 4 * (GQA + 6 * 16 + MLP + NORMS)),
    "olmoe": ({"num_experts": 8, "num_experts_per_tok": 2}, PAIR + 4 * (GQA + 6 * 16 + moe(8, FF) + NORMS)),
    "cohere": ({"use_qk_norm": True}, PAIR - EMBEDDING + 4 * (GQA + 6 * 16 + MLP + H)),
    "cohere2": ({"sliding_window": 8}, PAIR - EMBEDDING + 4 * (GQA + MLP + H)),
    "falcon": ({}, PAIR - EMBEDDING + H + 4 * (H * 6 * 16 + H * H + 8 * H * H + NORMS)),
    "phi": ({}, PAIR + H + V + 4 * (GQA + 8 * 16 + H + 2 * H * FF + FF + H + NORMS)),
    "phimoe": (
        {**MIXTURE, "attention_bias": True, "lm_head_bias": True, "sliding_window": 8},
        PAIR + H + V + 4 * (GQA + 8 * 16 + H + moe(8, FF) + 2 * NORMS),
    ),
    "starcoder2": (
        {"use_bias": False, "sliding_window": None},
        PAIR - EMBEDDING + H + 4 * (GQA + 2 * H * FF + 2 * NORMS),
    ),
    "exaone4": ({"sliding_window": 8}, PAIR + 4 * (GQA + 32 + MLP + NORMS)),
    "apertus": ({}, PAIR + 4 * (GQA + 32 + 2 * H * FF + NORMS + 2)),
    "kimi_k2": (
        {**LATENT, **ROUTED, "first_k_dense_replace": 1, "topk_method": "noaux_tc"},
        PAIR + 4 * (MLA + NORMS) + MLP + 3 * (moe(9, 32) - H + 8),
    ),
    "deepseek_v32": (
        {**LATENT, **ROUTED, "first_k_dense_replace": 1, "index_n_heads": 2, "index_head_dim": 12, "index_topk": 10},
        PAIR + 4 * (MLA + 24 * 24 + H * 12 + H * 2 + 24 + NORMS) + MLP + 3 * (moe(9, 32) - H + 8),
    ),
    "glm_moe_dsa": (
        {
            **LATENT,
            **ROUTED,
            "mlp_layer_types": ["dense", "sparse", "sparse", "sparse"],
            "indexer_types": ["full", "shared", "full", "shared"],
            "index_n_heads": 2,
            "index_head_dim": 12,
            "index_topk": 10,
        },
        PAIR + 4 * (MLA + NORMS) + 2 * (24 * 24 + H * 12 + H * 2 + 24) + MLP + 3 * (moe(9, 32) - H + 8),
    ),
    "glm4_moe": (
        {**ROUTED, "first_k_dense_replace": 1, "use_qk_norm": True, "attention_bias": True},
        PAIR + 4 * (GQA + 8 * 16 + 32 + NORMS) + MLP + 3 * (moe(9, 32) - H + 8),
    ),
    "minimax_m2": (MIXTURE, PAIR + 4 * (GQA + 6 * 16 + moe(8, FF) + 8 + NORMS)),
    "minimax": (
        {**MIXTURE, "layer_types": ["linear_attention", "linear_attention", "linear_attention", "full_attention"]},
        PAIR + GQA + 3 * (5 * H * H + H) + 4 * (moe(8, FF) + NORMS),
    ),
    "llama4_text": (
        {
            "num_local_experts": 8,
            "num_experts_per_tok": 1,
            "interleave_moe_layer_step": 2,
            "intermediate_size_mlp": 200,
        },
        PAIR + 4 * (GQA + NORMS) + 2 * 3 * H * 200 + 2 * (moe(8, FF) + MLP),
    ),
    "mimo": ({}, PAIR + 4 * (GQA + 8 * 16 + MLP + NORMS)),
    "mimo_v2_flash": (
        {
            **ROUTED,
            "n_shared_experts": None,
            "v_head_dim": 8,
            "hybrid_layer_pattern": [0, 1, 1, 1],
            "moe_layer_freq": [0, 1, 1, 1],
            "swa_num_key_value_heads": 4,
            "sliding_window": 8,
        },
        PAIR
        + (H * (4 + 2) * 16 + H * 2 * 8 + 4 * 8 * H)
        + 3 * (H * 8 * 16 + H * 4 * 8 + 4 * 8 * H + 4)
        + MLP
        + 3 * (moe(8, 32) + 8)
        + 4 * NORMS,
    ),
    "step3p7": (
        {
            "num_experts": 8,
            "num_experts_per_tok": 2,
            "moe_intermediate_size": 32,
            "share_expert_dim": 48,
            "first_k_dense_replace": 1,
            "layer_types": ["full_attention", "sliding_attention", "sliding_attention", "sliding_attention"],
            "sliding_window": 8,
        },
        PAIR + 4 * (GQA + H * 4 + 32 + NORMS) + MLP + 3 * (moe(8, 32) + 3 * H * 48 + 8),
    ),
    "nemotron_h": (
        {**MAMBA, "hybrid_override_pattern": "M-M*-E", "num_hidden_layers": 6, **ROUTED}
        | {"moe_shared_expert_intermediate_size": 48, "moe_latent_size": 24},
        PAIR + 2 * MAMBA_BLOCK + GQA + 2 * 2 * H * FF + (H * 8 + 8 * 2 * 24 * 32 + 8 + 2 * H * 24 + 2 * H * 48) + 6 * H,
    ),
    "granitemoehybrid": (
        {
            "layer_types": ["mamba", "mamba", "mamba", "attention"],
            "mamba_n_heads": 16,
            "mamba_n_groups": 1,
            "mamba_d_state": 16,
            "mamba_d_conv": 4,
            "num_local_experts": 0,
            "shared_intermediate_size": 48,
            "tie_word_embeddings": True,
        },
        # inner width 128, one group of 16: 160 channels
        PAIR - EMBEDDING + GQA + 3 * (H * (128 + 160 + 16) + 128 * H + 160 * 5 + 48 + 128) + 4 * (3 * H * 48 + NORMS),
    ),
    "lfm2": (
        {"layer_types": ["conv", "conv", "full_attention", "conv"], "block_auto_adjust_ff_dim": False},
        PAIR - EMBEDDING + GQA + 32 + 3 * (4 * H * H + 3 * H) + 4 * (MLP + NORMS),
    ),
    "kimi_linear": (
        {
            **LATENT,
            "q_lora_rank": None,
            "num_experts": 8,
            "num_experts_per_token": 2,
            "moe_intermediate_size": 32,
            "num_shared_experts": 1,
            "first_k_dense_replace": 1,
            "linear_attn_config": {
                "full_attn_layers": [4],
                "kda_layers": [1, 2, 3],
                "num_heads": 4,
                "head_dim": 16,
                "short_conv_kernel_size": 4,
            },
        },
        PAIR
        + (H * 4 * 24 + H * 40 + 32 * 4 * 32 + 4 * 16 * H + 32)
        + 3 * (H * 192 + H * 32 + 16 * 128 + H * 4 + 64 * H + 192 * 4 + 4 * 17 + 16)
        + MLP
        + 3 * (moe(9, 32) - H + 8)
        + 4 * NORMS,
    ),
    "gemma4_text": (
        {
            "sliding_window": 8,
            "num_hidden_layers": 6,
            "attention_k_eq_v": True,
            "num_global_key_value_heads": 1,
            "global_head_dim": 32,
            "enable_moe_block": True,
            "num_experts": 8,
            "top_k_experts": 2,
            "moe_intermediate_size": 32,
            "hidden_size_per_layer_input": 0,
        },
        PAIR
        - EMBEDDING
        + 5 * (GQA + 32)
        + (H * (4 + 1) * 32 + 4 * 32 * H + 64)
        + 6 * (MLP + moe(8, 32) + 8 + 2 * NORMS + 4 * H),
    ),
    "gemma3n_text": (
        {
            "sliding_window": 8,
            "num_hidden_layers": 5,
            "num_kv_shared_layers": 2,
            "hidden_size_per_layer_input": 4,
            "vocab_size_per_layer_input": 500,
            "laurel_rank": 6,
        },
        PAIR
        - EMBEDDING
        + 500 * 5 * 4
        + 3 * (GQA + 32)
        + 2 * (2 * H * H + 32)  # queries and output alone
        + 5 * (MLP + 2 * H * 4 + 2 * H * 6 + 2 * NORMS + 8 * H + 16 + 64)
        + H * (5 * 4 + 6 * H)
        + 4,
    ),
    "minimax_m3": (
        {
            **MIXTURE,
            "dense_intermediate_size": 200,
            "shared_intermediate_size": 48,
            "moe_layer_freq": [0, 1, 1, 1],
            "sparse_attention_config": {
                "sparse_attention_freq": [0, 0, 1, 1],
                "sparse_num_index_heads": 2,
                "sparse_index_dim": 12,
                "sparse_block_size": 4,
                "sparse_topk_blocks": 2,
            },
        },
        PAIR + 4 * (GQA + 32 + NORMS) + 2 * (H * 24 + H * 12 + 24) + 3 * H * 200 + 3 * (moe(8, FF) + 8 + 3 * H * 48),
    ),
    "falcon_h1": (
        {"mamba_n_heads": 4, "mamba_d_head": 8, "mamba_d_ssm": 32, "mamba_n_groups": 2, "mamba_d_state": 16}
        | {"mamba_d_conv": 4},
        PAIR + 4 * (GQA + MLP + NORMS + MAMBA_BLOCK - 32),  # without the norm before the output
    ),
    "bamba": (
        {"attn_layer_indices": [2], "mamba_n_heads": 16, "mamba_n_groups": 1, "mamba_d_state": 16, "mamba_d_conv": 4},
        PAIR + GQA + 3 * (H * (128 + 160 + 16) + 128 * H + 160 * 5 + 48 + 128) + 4 * (MLP + NORMS),
    ),
    "ernie4_5_moe": (
        {"moe_num_experts": 8, "moe_k": 2, "moe_intermediate_size": 32, "moe_num_shared_experts": 1},
        PAIR - EMBEDDING + 4 * (GQA + NORMS) + MLP + 3 * (moe(9, 32) - H + 8),
    ),
    "granitemoeshared": (
        {**MIXTURE, "shared_intermediate_size": 48},
        PAIR + 4 * (GQA + moe(8, FF) + 3 * H * 48 + NORMS),
    ),
    "stablelm": ({"use_qkv_bias": True}, PAIR + H + 4 * (GQA + 8 * 16 + MLP + 2 * NORMS)),
    "hunyuan_v1_dense": ({}, PAIR + 4 * (GQA + 32 + MLP + NORMS)),
    "dots1": (
        {**ROUTED, "first_k_dense_replace": 1},
        PAIR + 4 * (GQA + 32 + NORMS) + MLP + 3 * (moe(9, 32) - H + 8),
    ),
    "smollm3": ({"tie_word_embeddings": True}, PAIR - EMBEDDING + 4 * (GQA + MLP + NORMS)),
    "seed_oss": ({"attention_bias": True, "attention_out_bias": False}, PAIR + 4 * (GQA + 8 * 16 + MLP + NORMS)),
    "gemma": ({}, PAIR - EMBEDDING + 4 * (GQA + MLP + NORMS)),
    "glm": ({"attention_bias": True}, PAIR + 4 * (GQA + 8 * 16 + MLP + NORMS)),
    "nemotron-nas": (
        {
            "block_configs": [
                {"attention": {"n_heads_in_group": 2}, "ffn": {"ffn_mult": 6.0}},
                {"attention": {"no_op": True}, "ffn": {"ffn_mult": 6.0}},
                {"attention": {"n_heads_in_group": 4}, "ffn": {"no_op": True}},
                {"attention": {"n_heads_in_group": 2}, "ffn": {"ffn_mult": 6.0}},
            ],
            "intermediate_size": None,
        },
        PAIR + 2 * GQA + (H * 6 * 16 + H * H) + 3 * 3 * H * 256 + 6 * H,
    ),
}


def tiny(family: str, **changes: object) -> Model:
    return read_config(BASE | CASES[family][0] | {"model_type": family} | changes, "tiny", "tiny/config.json")


@pytest.mark.parametrize("family", CASES)
def test_parameters_by_hand(family: str) -> None:
    model = tiny(family)
    assert model.parameters == CASES[family][1]
    system = System(model, load_gpu("l4"))
    assert weight_bytes(system) == 2 * model.parameters
    assert model.parameters_read < model.parameters + model.embedding_parameters
    assert decode(system, 3, 50).ceiling_s > 0 and prefill(system, 1, 50).ceiling_s > 0
    assert kv_bytes(system, 50) > 0


#: What makers print: parameters in all and for one token, in units of 1e9, embeddings included, and how exactly they print it.
RELEASED: dict[str, tuple[dict[str, Any], float, float, str]] = {
    "kimi-k2": (
        {
            "model_type": "kimi_k2",
            "hidden_size": 7168,
            "num_hidden_layers": 61,
            "num_attention_heads": 64,
            "vocab_size": 163840,
        }
        | {"q_lora_rank": 1536, "kv_lora_rank": 512, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64, "v_head_dim": 128}
        | {"n_routed_experts": 384, "num_experts_per_tok": 8, "moe_intermediate_size": 2048, "n_shared_experts": 1}
        | {"intermediate_size": 18432, "first_k_dense_replace": 1, "topk_method": "noaux_tc"},
        1026.4,
        32,
        "1 T in all (1.026 e12 in the safetensors index), 32 B active: model card of Kimi-K2-Instruct",
    ),
    "llama-4-scout": (
        {
            "model_type": "llama4_text",
            "hidden_size": 5120,
            "num_hidden_layers": 48,
            "num_attention_heads": 40,
            "vocab_size": 202048,
        }
        | {"num_key_value_heads": 8, "head_dim": 128, "intermediate_size": 8192, "intermediate_size_mlp": 16384}
        | {"num_local_experts": 16, "num_experts_per_tok": 1, "interleave_moe_layer_step": 1},
        107.8,
        17,
        "109 B with the vision tower, 17 B active: model card",
    ),
    "llama-4-maverick": (
        {
            "model_type": "llama4_text",
            "hidden_size": 5120,
            "num_hidden_layers": 48,
            "num_attention_heads": 40,
            "vocab_size": 202048,
        }
        | {"num_key_value_heads": 8, "head_dim": 128, "intermediate_size": 8192, "intermediate_size_mlp": 16384}
        | {"num_local_experts": 128, "num_experts_per_tok": 1, "interleave_moe_layer_step": 2},
        400,
        17,
        "400 B in all, 17 B active: model card",
    ),
    "deepseek-v4-flash": (
        {
            "model_type": "deepseek_v4",
            "hidden_size": 4096,
            "num_hidden_layers": 43,
            "num_attention_heads": 64,
            "vocab_size": 129280,
        }
        | {
            "head_dim": 512,
            "num_key_value_heads": 1,
            "q_lora_rank": 1024,
            "o_lora_rank": 1024,
            "o_groups": 8,
            "sliding_window": 128,
        }
        | {
            "index_n_heads": 64,
            "index_head_dim": 128,
            "index_topk": 512,
            "n_routed_experts": 256,
            "n_shared_experts": 1,
        }
        | {"num_experts_per_tok": 6, "moe_intermediate_size": 2048, "compress_ratios": [0, 0, *[4, 128] * 20, 4]},
        284,
        13,
        "284 B in all, 13 B active: DeepSeek-V4 technical report",
    ),
    "glm-5": (
        {
            "model_type": "glm_moe_dsa",
            "hidden_size": 6144,
            "num_hidden_layers": 78,
            "num_attention_heads": 64,
            "vocab_size": 154880,
        }
        | {"q_lora_rank": 2048, "kv_lora_rank": 512, "qk_nope_head_dim": 192, "qk_rope_head_dim": 64, "v_head_dim": 256}
        | {"n_routed_experts": 256, "num_experts_per_tok": 8, "moe_intermediate_size": 2048, "n_shared_experts": 1}
        | {
            "intermediate_size": 12288,
            "first_k_dense_replace": 3,
            "index_n_heads": 32,
            "index_head_dim": 128,
            "index_topk": 2048,
        },
        744,
        40,
        "744 B in all, 40 B active: model card of GLM-5",
    ),
    "glm-4.5": (
        {
            "model_type": "glm4_moe",
            "hidden_size": 5120,
            "num_hidden_layers": 92,
            "num_attention_heads": 96,
            "vocab_size": 151552,
        }
        | {"num_key_value_heads": 8, "head_dim": 128, "intermediate_size": 12288, "moe_intermediate_size": 1536}
        | {"n_routed_experts": 160, "n_shared_experts": 1, "num_experts_per_tok": 8, "first_k_dense_replace": 3}
        | {"use_qk_norm": True, "attention_bias": True},
        355,
        32,
        "355 B in all, 32 B active: model card of GLM-4.5",
    ),
    "minimax-m2": (
        {
            "model_type": "minimax_m2",
            "hidden_size": 3072,
            "num_hidden_layers": 62,
            "num_attention_heads": 48,
            "vocab_size": 200064,
        }
        | {
            "num_key_value_heads": 8,
            "head_dim": 128,
            "intermediate_size": 1536,
            "num_local_experts": 256,
            "num_experts_per_tok": 8,
        },
        230,
        10,
        "230 B in all, 10 B active: model card of MiniMax-M2",
    ),
    "minimax-text-01": (
        {
            "model_type": "minimax",
            "hidden_size": 6144,
            "num_hidden_layers": 80,
            "num_attention_heads": 64,
            "vocab_size": 200064,
        }
        | {
            "num_key_value_heads": 8,
            "head_dim": 128,
            "intermediate_size": 9216,
            "num_local_experts": 32,
            "num_experts_per_tok": 2,
        }
        | {"attn_type_list": [*[0] * 7, 1] * 10},
        456,
        45.9,
        "456 B in all, 45.9 B active: MiniMax-01 report",
    ),
    "gemma-4-26b-a4b": (
        {
            "model_type": "gemma4_text",
            "hidden_size": 2816,
            "num_hidden_layers": 30,
            "num_attention_heads": 16,
            "vocab_size": 262144,
        }
        | {"num_key_value_heads": 8, "head_dim": 256, "global_head_dim": 512, "num_global_key_value_heads": 2}
        | {
            "attention_k_eq_v": True,
            "enable_moe_block": True,
            "num_experts": 128,
            "top_k_experts": 8,
            "intermediate_size": 2112,
        }
        | {"moe_intermediate_size": 704, "sliding_window": 1024, "hidden_size_per_layer_input": 0},
        25.2,
        3.8,
        "25.2 B in all, 3.8 B active: model card of Gemma 4",
    ),
    "gemma-3n-e4b": (
        {
            "model_type": "gemma3n_text",
            "hidden_size": 2048,
            "num_hidden_layers": 35,
            "num_attention_heads": 8,
            "vocab_size": 262400,
        }
        | {"num_key_value_heads": 2, "head_dim": 256, "intermediate_size": 16384, "sliding_window": 512}
        | {"num_kv_shared_layers": 15, "hidden_size_per_layer_input": 256, "vocab_size_per_layer_input": 262144},
        6.87,
        4.5,
        "6.87 B without the towers for pictures and sound, 4 B effective: Gemma 3n developer guide",
    ),
    "nemotron-3-nano": (
        {
            "model_type": "nemotron_h",
            "hidden_size": 2688,
            "num_hidden_layers": 52,
            "num_attention_heads": 32,
            "vocab_size": 131072,
        }
        | {
            "num_key_value_heads": 2,
            "head_dim": 128,
            "hybrid_override_pattern": "MEMEM*EMEMEM*EMEMEM*EMEMEM*EMEMEM*EMEMEMEM*EMEMEMEME",
        }
        | {"mamba_num_heads": 64, "mamba_head_dim": 64, "n_groups": 8, "ssm_state_size": 128, "conv_kernel": 4}
        | {"n_routed_experts": 128, "num_experts_per_tok": 6, "moe_intermediate_size": 1856}
        | {"moe_shared_expert_intermediate_size": 3712, "intermediate_size": 1856},
        31.6,
        3.2,
        "31.6 B in all, 3.2 B active (3.6 B with the embedding): Nemotron 3 Nano report",
    ),
    "granite-4-tiny": (
        {"model_type": "granitemoehybrid", "hidden_size": 1536, "num_hidden_layers": 40, "num_attention_heads": 12}
        | {"vocab_size": 100352, "num_key_value_heads": 4, "intermediate_size": 512, "shared_intermediate_size": 1024}
        | {
            "num_local_experts": 64,
            "num_experts_per_tok": 6,
            "mamba_n_heads": 48,
            "mamba_n_groups": 1,
            "mamba_d_state": 128,
        }
        | {"mamba_d_conv": 4, "tie_word_embeddings": True}
        | {"layer_types": ["attention" if i in (5, 15, 25, 35) else "mamba" for i in range(40)]},
        7,
        1,
        "7 B in all, 1 B active: model card of Granite 4.0 H Tiny",
    ),
    "kimi-linear-48b": (
        {
            "model_type": "kimi_linear",
            "hidden_size": 2304,
            "num_hidden_layers": 27,
            "num_attention_heads": 32,
            "vocab_size": 163840,
        }
        | {"kv_lora_rank": 512, "q_lora_rank": None, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64, "v_head_dim": 128}
        | {"intermediate_size": 9216, "moe_intermediate_size": 1024, "num_experts": 256, "num_experts_per_token": 8}
        | {"num_shared_experts": 1, "first_k_dense_replace": 1}
        | {"linear_attn_config": {"full_attn_layers": [4, 8, 12, 16, 20, 24, 27], "num_heads": 32, "head_dim": 128}},
        49,
        3,
        "named 48B-A3B in its report; the hub counts 49 B",
    ),
    "falcon-7b": (
        {
            "model_type": "falcon",
            "hidden_size": 4544,
            "num_hidden_layers": 32,
            "num_attention_heads": 71,
            "vocab_size": 65024,
        },
        6.92,
        6.92,
        "6,921,720,704 in the safetensors index",
    ),
    "command-r": (
        {
            "model_type": "cohere",
            "hidden_size": 8192,
            "num_hidden_layers": 40,
            "num_attention_heads": 64,
            "vocab_size": 256000,
        }
        | {"num_key_value_heads": 64, "intermediate_size": 22528},
        35,
        35,
        "34,980,831,232 in the safetensors index",
    ),
    "olmo-2-7b": (
        {
            "model_type": "olmo2",
            "hidden_size": 4096,
            "num_hidden_layers": 32,
            "num_attention_heads": 32,
            "vocab_size": 100352,
        }
        | {"num_key_value_heads": 32, "intermediate_size": 11008},
        7.3,
        6.9,
        "7,298,617,344 in the safetensors index",
    ),
    "olmoe-1b-7b": (
        {
            "model_type": "olmoe",
            "hidden_size": 2048,
            "num_hidden_layers": 16,
            "num_attention_heads": 16,
            "vocab_size": 50304,
        }
        | {"num_key_value_heads": 16, "intermediate_size": 1024, "num_experts": 64, "num_experts_per_tok": 8},
        6.92,
        1.18,
        "6,919,161,856 in the safetensors index; 1.3 B active with the embedding: model card",
    ),
    "pythia-6.9b": (
        {"model_type": "gpt_neox", "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32}
        | {"vocab_size": 50432, "intermediate_size": 16384},
        6.86,
        6.65,
        "6,857,302,016 in the Pythia suite's table",
    ),
    "phi-2": (
        {
            "model_type": "phi",
            "hidden_size": 2560,
            "num_hidden_layers": 32,
            "num_attention_heads": 32,
            "vocab_size": 51200,
        }
        | {"num_key_value_heads": 32, "intermediate_size": 10240},
        2.78,
        2.65,
        "2,779,683,840 in the safetensors index",
    ),
    "phi-3.5-moe": (
        {
            "model_type": "phimoe",
            "hidden_size": 4096,
            "num_hidden_layers": 32,
            "num_attention_heads": 32,
            "vocab_size": 32064,
        }
        | {"num_key_value_heads": 8, "intermediate_size": 6400, "num_local_experts": 16, "num_experts_per_tok": 2}
        | {"attention_bias": True, "lm_head_bias": True, "sliding_window": 131072},
        41.9,
        6.6,
        "41.9 B in all, 6.6 B active: model card of Phi-3.5-MoE",
    ),
    "mimo-v2-flash": (
        {
            "model_type": "mimo_v2_flash",
            "hidden_size": 4096,
            "num_hidden_layers": 48,
            "num_attention_heads": 64,
            "vocab_size": 152576,
        }
        | {
            "num_key_value_heads": 4,
            "head_dim": 192,
            "v_head_dim": 128,
            "swa_num_key_value_heads": 8,
            "intermediate_size": 16384,
        }
        | {"moe_intermediate_size": 2048, "n_routed_experts": 256, "num_experts_per_tok": 8, "sliding_window": 128}
        | {"hybrid_layer_pattern": [0, 1, 1, 1, 1, *[0, 1, 1, 1, 1, 1] * 7, 0], "moe_layer_freq": [0, *[1] * 47]},
        309,
        15,
        "309 B in all, 15 B active: MiMo-V2-Flash report",
    ),
}


@pytest.mark.parametrize("name", RELEASED)
def test_counts_that_makers_publish(name: str) -> None:
    config, total, active, _source = RELEASED[name]
    model = read_config(config, name, name)
    assert model.parameters / 1e9 == pytest.approx(total, rel=0.012 if total > 8 else 0.02)
    # makers count the embedding or not, and round, many to whole billions
    rounding = 0.5 if isinstance(active, int) else 0.0
    low, high = model.parameters_read / 1e9, (model.parameters_read + model.vocabulary * model.hidden) / 1e9
    assert low * 0.93 - rounding <= active <= high * 1.07 + rounding


EXACT = {"falcon-7b": 6_921_720_704, "command-r": 34_980_831_232, "olmo-2-7b": 7_298_617_344}
EXACT |= {"olmoe-1b-7b": 6_919_161_856, "phi-2": 2_779_683_840, "pythia-6.9b": 6_857_302_016}


@pytest.mark.parametrize("name", EXACT)
def test_counts_of_released_files_to_the_last_parameter(name: str) -> None:
    assert read_config(RELEASED[name][0], name, name).parameters == EXACT[name]


def test_a_sparse_index_reads_less_than_it_keeps() -> None:
    model = tiny("deepseek_v32")
    system = System(model, load_gpu("l4"))
    entry = 2 * (32 + 8 + 12)
    assert kv_bytes_per_token(system) == 4 * entry
    read = decode(system, 1, 1000)
    part = next(item for item in read.operations if item.kind == "attention")
    assert part.kv_read_bytes == pytest.approx(4 * 2 * (12 * 1000 + 40 * 10))
    assert part.kv_written_bytes == 4 * entry
    short = next(item for item in decode(system, 1, 5).operations if item.kind == "attention")
    assert short.kv_read_bytes == pytest.approx(4 * 5 * entry)


def test_a_far_past_grows_slowly() -> None:
    config = RELEASED["deepseek-v4-flash"][0]
    system = System(read_config(config, "v4", "v4"), load_gpu("h200-sxm"))
    near = 43 * 128 * 512 * 2
    far = 21 * (512 / 4 + 128 / 4) * 2 + 20 * 512 / 128 * 2
    assert kv_bytes(system, 100_000) == pytest.approx(near + far * 100_000)


def test_layers_that_share_a_cache_keep_none() -> None:
    system = System(tiny("gemma3n_text"), load_gpu("l4"))
    assert kv_bytes(system, 4) == 3 * 4 * 2 * 2 * 16 * 2


def test_states_of_fixed_size() -> None:
    mamba = state_bytes(System(tiny("nemotron_h"), load_gpu("l4")))
    assert mamba == {"recurrent": 2 * 4 * 8 * 16 * 4, "convolution": 2 * 96 * 3 * 2}
    lightning = state_bytes(System(tiny("minimax"), load_gpu("l4")))
    assert lightning == {"recurrent": 3 * 4 * 16 * 16 * 4, "convolution": 0}
    conv = state_bytes(System(tiny("lfm2"), load_gpu("l4")))
    assert conv == {"recurrent": 0, "convolution": 3 * H * 2 * 2}


def test_a_chunk_bounds_what_a_token_sees() -> None:
    model = tiny("llama4_text", attention_chunk_size=8)
    windows = [(group.mixer.window, group.count) for group in model.layers]
    assert sorted(windows, key=str) == [(8, 1), (8, 2), (None, 1)]


MIXED = {"num_experts": 8, "num_experts_per_tok": 2, "moe_intermediate_size": 32, "model_type": "qwen3_moe"}


def test_a_mixture_under_renamed_keys_stays_one() -> None:
    usual = read_config(BASE | MIXED, "tiny", "tiny")
    renamed = {key: value for key, value in (BASE | MIXED).items() if key != "num_experts"} | {"num_local_experts": 8}
    assert read_config(renamed, "tiny", "tiny").parameters == usual.parameters
    bare = {key: value for key, value in renamed.items() if key != "num_local_experts"}
    with pytest.raises(LessonlibError, match="num_experts: missing"):
        read_config(bare, "tiny", "tiny")


def test_one_key_under_two_names_has_one_value() -> None:
    with pytest.raises(LessonlibError, match=r"num_experts.*num_local_experts.*two values"):
        read_config(BASE | MIXED | {"num_local_experts": 4}, "tiny", "tiny")


def test_a_dense_family_has_no_experts() -> None:
    with pytest.raises(LessonlibError, match=r"num_experts: a mixture, but.*dense"):
        read_config(BASE | MIXED | {"model_type": "qwen3"}, "tiny", "tiny")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"architectures": ["LlamaForCausalLMEagle3"]}, "draft head"),
        ({"architectures": ["MedusaModel"]}, "draft head"),
        ({"architectures": ["DeepSeekMTPModel"]}, "draft head"),
        ({"draft_vocab_size": 32000}, "draft head"),
        ({"architectures": ["LlamaForSequenceClassification"]}, "no output head"),
        ({"is_encoder_decoder": True}, "encoder"),
        ({"model_type": "t5gemma"}, "no rule"),
    ],
)
def test_what_is_no_language_model_is_refused(change: dict[str, object], words: str) -> None:
    with pytest.raises(LessonlibError, match=words):
        read_config(BASE | {"model_type": "llama"} | change, "tiny", "tiny")


def test_a_member_with_unknown_parts_is_refused_by_what_is_missing() -> None:
    config = BASE | CASES["kimi_linear"][0] | {"model_type": "kimi_linear", "attn_res_block_size": 12}
    with pytest.raises(LessonlibError, match=r"attn_res_block_size.*Kimi K3.*no rule"):
        read_config(config, "tiny", "tiny")
    blocks = CASES["nemotron-nas"][0]["block_configs"]
    linear = [{"attention": {"replace_with_linear": True}, "ffn": {"no_op": True}}, *blocks[1:]]
    with pytest.raises(LessonlibError, match="replace_with_linear"):
        tiny("nemotron-nas", block_configs=linear)


def test_another_layout_is_named() -> None:
    with pytest.raises(LessonlibError, match=r"params\.json"):
        read_config({"dim": 64, "n_layers": 2, "n_heads": 4, "vocab_size": 100}, "tiny", "tiny")


def test_a_nested_part_takes_what_its_class_says() -> None:
    """A language model inside another configuration is saved as the difference from its class."""
    inner = {"model_type": "gemma3_text", "hidden_size": 3840, "intermediate_size": 15360, "num_hidden_layers": 48}
    inner |= {"num_attention_heads": 16, "num_key_value_heads": 8, "sliding_window": 1024}
    model = read_config({"model_type": "gemma3", "text_config": inner}, "gemma-3-12b", "x")
    assert model.parameters == 11_766_034_176 and model.filled["vocab_size"] == 262_208
    llava = read_config(
        {"model_type": "llava", "text_config": {"model_type": "llama", "vocab_size": 32064}}, "llava", "x"
    )
    assert (llava.hidden, llava.layer_count) == (4096, 32) and "hidden_size" in llava.filled
    plain = {key: value for key, value in BASE.items() if key != "hidden_size"}
    with pytest.raises(LessonlibError, match="hidden_size: missing"):
        read_config(plain | {"model_type": "llama"}, "x", "x")


def test_every_family_is_counted_in_some_test() -> None:
    from tests.roofline.test_families import CASES as EARLIER

    counted = set(CASES) | set(EARLIER) | {config["model_type"] for config, *_ in RELEASED.values()}
    same = {"mistral", "ministral", "granitemoe", "olmo3", "step3p5", "ernie4_5", "minimax_m3_vl_text", "gemma3"}
    same |= {"qwen2_vl_text", "qwen2_5_vl_text", "qwen3_vl_text", "qwen3_vl_moe_text", "qwen3_5", "qwen3_5_text"}
    same |= {"qwen3_5_moe", "qwen3_5_moe_text", "deepseek_v3", "bloom"}  # released ones: test_models.py
    assert set(FAMILIES) - counted <= same


def test_the_table_of_operations_has_every_kind() -> None:
    from lessonlib.roofline import Case

    for family in CASES:
        text = operation_table(Case(System(tiny(family), load_gpu("l4")), 2, 50, 50), "decode")
        assert "router" in text or not tiny(family).is_mixture
