#version 450
// SPDX-License-Identifier: GPL-2.0-or-later
// A sum of one word of each kind of descriptor, to a buffer and an image.
layout(local_size_x = 1) in;
layout(constant_id = 7) const uint factor = 1;
layout(set = 0, binding = 0) uniform usamplerBuffer texels;
layout(set = 0, binding = 1, r32ui) uniform uimageBuffer stored;
layout(set = 0, binding = 2, std140) uniform block {
    uint fixed_word;
};
layout(set = 0, binding = 3, std430) buffer words_block {
    uint words[];
};
layout(set = 2, binding = 5, r32ui) uniform uimage2D image;
layout(push_constant) uniform push_block {
    uint pushed;
};

void main()
{
    uint i = gl_WorkGroupID.x;
    uint sum = texelFetch(texels, 1).x + imageLoad(stored, 1).x + fixed_word +
               pushed;

    words[i] = sum * factor + i;
    imageStore(image, ivec2(i, 0), uvec4(sum));
    if (i == 0)
        imageStore(stored, 0, uvec4(words.length()));
}
