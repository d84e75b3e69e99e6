#version 460
#extension GL_EXT_demote_to_helper_invocation : require
// SPDX-License-Identifier: GPL-2.0-or-later
layout(location = 0) in vec4 colour;
layout(location = 5) in flat uvec3 id;
layout(location = 6) in noperspective vec2 spot;
layout(location = 7) in centroid float depth;
layout(location = 0) out vec4 target;
layout(location = 1) out ivec2 numbers;
layout(location = 2) out uint bits;

layout(set = 1, binding = 0) uniform sampler2D pictures[4];
layout(set = 1, binding = 1) uniform sampler2DShadow shadow;
layout(set = 1, binding = 2) uniform texture3D volume;
layout(set = 1, binding = 3) uniform sampler2DArray waves;
layout(set = 1, binding = 4) uniform samplerCubeArray cubes;
layout(set = 1, binding = 5) uniform sampler2DMS samples;
layout(set = 1, binding = 6) uniform isampler2D signs;
layout(set = 1, binding = 7) uniform utexture1D line;
layout(set = 1, binding = 8) uniform sampler nearest;
layout(set = 3, binding = 0, rgba8) uniform image2D canvas;
layout(set = 3, binding = 1, r32ui) uniform uimage2DArray counts;

vec4 pick(sampler2D s, vec2 p)
{
    return texture(s, p) + textureGrad(s, p, dFdx(p), dFdyFine(p));
}

void main()
{
    vec4 sum = pick(pictures[0], spot) * pick(pictures[3], spot.yx);

    sum += textureGather(pictures[1], spot, 2);
    sum += textureGatherOffset(pictures[2], spot, ivec2(id.xy & 7u));
    sum.r += texture(shadow, vec3(spot, depth));
    sum += textureLod(sampler3D(volume, nearest), vec3(spot, depth), depth);
    sum += textureOffset(waves, vec3(spot, id.z), ivec2(1, -2));
    sum += texture(cubes, vec4(colour.xyz, id.y));
    sum += texelFetch(samples, ivec2(gl_FragCoord.xy), int(id.x));
    sum += texelFetch(signs, ivec2(id.xy), int(id.z));
    sum += texelFetch(usampler1D(line, nearest), int(id.x), 0).x;
    sum.xy += textureSize(cubes, int(id.z)).xy + textureQueryLod(signs, spot);
    sum.z += textureQueryLevels(sampler3D(volume, nearest));
    sum += interpolateAtOffset(colour, spot);
    sum += imageLoad(canvas, ivec2(id.xy));
    imageStore(canvas, ivec2(gl_FragCoord.xy), sum);
    imageAtomicAdd(counts, ivec3(id), 1u);
    switch (int(id.x)) {
    case 0: sum = -sum; break;
    case 1: sum = sum.wzyx;
    case 7: sum[id.y & 3] = 1.0; break;
    default: if (sum.x < 0.0) discard; else if (sum.y > 8.0) demote;
    }
    if (gl_FrontFacing && depth > 0.5)
        sum *= fwidth(sum);
    target = sum;
    numbers = ivec2(bitfieldExtract(int(id.x), 3, int(id.y)), findMSB(id.z));
    bits = packHalf2x16(sum.xy);
    gl_FragDepth = clamp(depth, 0.0, 1.0);
    gl_SampleMask[0] = gl_SampleMaskIn[0];
}
